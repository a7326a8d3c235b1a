DROP INDEX `events_created_at`;--> statement-breakpoint
DROP INDEX `login_failures_last_at`;--> statement-breakpoint
ALTER TABLE `login_failures` ADD `tag` text;--> statement-breakpoint
DROP INDEX `sessions_expires_at`;--> statement-breakpoint
ALTER TABLE `users` ADD `login_failures` text;
ALTER TABLE `app_grants` ADD `signed_in_at` integer;--> statement-breakpoint
ALTER TABLE `app_grants` ADD `factor` text;
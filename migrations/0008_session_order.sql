DROP INDEX `sessions_user_id`;--> statement-breakpoint
CREATE INDEX `sessions_account` ON `sessions` (`user_id`,`last_seen_at`);
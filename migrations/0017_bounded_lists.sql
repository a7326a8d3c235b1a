DROP INDEX `users_disabled`;--> statement-breakpoint
CREATE INDEX `users_disabled_id` ON `users` (`id`) WHERE disabled_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `users_disabled_email` ON `users` (`email_key`) WHERE disabled_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `deliveries_recipient` ON `deliveries` (`recipient_id`,`next_at`) WHERE done_at IS NULL;--> statement-breakpoint
CREATE INDEX `deliveries_tried` ON `deliveries` (`expires_at`) WHERE done_at IS NULL AND attempts > 0;
CREATE INDEX `app_consents_app_id` ON `app_consents` (`app_id`);--> statement-breakpoint
CREATE INDEX `app_grants_app_id` ON `app_grants` (`app_id`);
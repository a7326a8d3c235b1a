CREATE TABLE `deliveries` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`kind` text NOT NULL,
	`recipient_id` text NOT NULL,
	`user_id` integer NOT NULL,
	`sub` text,
	`type` text NOT NULL,
	`sid` text,
	`details` text DEFAULT '{}' NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`next_at` integer NOT NULL,
	`attempts` integer NOT NULL,
	`done_at` integer,
	`outcome` text,
	`reason` text
);
--> statement-breakpoint
CREATE INDEX `deliveries_due` ON `deliveries` (`next_at`) WHERE done_at IS NULL;--> statement-breakpoint
CREATE INDEX `deliveries_order` ON `deliveries` (`recipient_id`,`user_id`,`id`) WHERE done_at IS NULL;--> statement-breakpoint
CREATE TABLE `webhooks` (
	`id` text PRIMARY KEY NOT NULL,
	`url` text NOT NULL,
	`event_types` text,
	`secret` text NOT NULL,
	`created_at` integer NOT NULL,
	`disabled_at` integer,
	`paused_until` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
ALTER TABLE `apps` ADD `logout_uri` text;
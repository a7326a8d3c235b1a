CREATE TABLE `outbox` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`kind` text NOT NULL,
	`user_id` integer NOT NULL,
	`address` text NOT NULL,
	`address_key` text NOT NULL,
	`requester` text DEFAULT '' NOT NULL,
	`locale` text NOT NULL,
	`proof_id` text,
	`details` text DEFAULT '{}' NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`next_at` integer NOT NULL,
	`attempts` integer NOT NULL,
	`done_at` integer,
	`outcome` text
);
--> statement-breakpoint
CREATE INDEX `outbox_address` ON `outbox` (`address_key`,`kind`,`created_at`);--> statement-breakpoint
CREATE INDEX `outbox_due` ON `outbox` (`next_at`) WHERE done_at IS NULL;--> statement-breakpoint
CREATE INDEX `outbox_created_at` ON `outbox` (`created_at`);--> statement-breakpoint
CREATE TABLE `proofs` (
	`id` text PRIMARY KEY NOT NULL,
	`purpose` text NOT NULL,
	`user_id` integer NOT NULL,
	`address` text NOT NULL,
	`address_key` text NOT NULL,
	`requester` text DEFAULT '' NOT NULL,
	`password_mark` text NOT NULL,
	`browser` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`code_expires_at` integer,
	`tries` integer DEFAULT 0 NOT NULL,
	`tries_from` integer DEFAULT 0 NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
) WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `proofs_one_each` ON `proofs` (`user_id`,`purpose`,`address_key`,`requester`);--> statement-breakpoint
CREATE INDEX `proofs_address` ON `proofs` (`address_key`);--> statement-breakpoint
CREATE INDEX `proofs_expires_at` ON `proofs` (`expires_at`);--> statement-breakpoint
ALTER TABLE `users` ADD `email_verified_at` integer;--> statement-breakpoint
ALTER TABLE `users` ADD `pending_email` text;--> statement-breakpoint
ALTER TABLE `users` ADD `locale` text DEFAULT 'en' NOT NULL;--> statement-breakpoint
ALTER TABLE `users` ADD `public_id` text;--> statement-breakpoint
UPDATE `users` SET `public_id` = lower(hex(randomblob(16)));--> statement-breakpoint
CREATE UNIQUE INDEX `users_public_id` ON `users` (`public_id`);
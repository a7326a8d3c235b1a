CREATE TABLE `app_consents` (
	`user_id` integer NOT NULL,
	`app_id` text NOT NULL,
	`app_name` text NOT NULL,
	`scope` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `app_id`),
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `app_grants` (
	`id` text PRIMARY KEY NOT NULL,
	`app_id` text NOT NULL,
	`user_id` integer NOT NULL,
	`session_id` text NOT NULL,
	`scope` text NOT NULL,
	`resource` text,
	`nonce` text,
	`redirect_uri` text NOT NULL,
	`code_challenge` text NOT NULL,
	`created_at` integer NOT NULL,
	`redeemed_at` integer,
	`refresh_count` integer DEFAULT 0 NOT NULL,
	`refreshed_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`session_id`) REFERENCES `sessions`(`id`) ON UPDATE cascade ON DELETE cascade
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `app_grants_session_id` ON `app_grants` (`session_id`);--> statement-breakpoint
CREATE INDEX `app_grants_user_id` ON `app_grants` (`user_id`,`app_id`);--> statement-breakpoint
CREATE TABLE `apps` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`secret_hash` text,
	`redirect_uris` text NOT NULL,
	`sign_out_uris` text NOT NULL,
	`asks_consent` integer DEFAULT true NOT NULL,
	`created_at` integer NOT NULL
);

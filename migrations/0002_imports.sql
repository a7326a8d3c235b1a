CREATE TABLE `imported_accounts` (
	`user_id` integer PRIMARY KEY NOT NULL,
	`source_id` text,
	`email_digest` text NOT NULL,
	`username_digest` text,
	`password_digest` text NOT NULL,
	`is_admin` integer NOT NULL,
	`is_disabled` integer NOT NULL,
	`imported_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `imported_accounts_source_id` ON `imported_accounts` (`source_id`);--> statement-breakpoint
CREATE TABLE `imported_tokens` (
	`id` text PRIMARY KEY NOT NULL
) WITHOUT ROWID;--> statement-breakpoint
INSERT INTO `imported_tokens` SELECT `id` FROM `sessions` WHERE `kind` = 'imported';

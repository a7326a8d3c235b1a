ALTER TABLE `app_grants` ADD `first_factor` text;--> statement-breakpoint
ALTER TABLE `sessions` ADD `first_factor` text;
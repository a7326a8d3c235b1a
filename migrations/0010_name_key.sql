DROP INDEX `users_shown_name`;--> statement-breakpoint
ALTER TABLE `users` ADD `name_key` text;--> statement-breakpoint
-- By hand: names of printable ASCII, of which SQLite's `lower` is the case folding. The scheduled run fills in the others.
UPDATE `users` SET `name_key` = lower(CASE WHEN `name` <> '' THEN `name` ELSE trim(`first_name` || ' ' || `last_name`) END)
  WHERE CASE WHEN `name` <> '' THEN `name` ELSE trim(`first_name` || ' ' || `last_name`) END NOT GLOB '*[^ -~]*'
  AND length(CASE WHEN `name` <> '' THEN `name` ELSE trim(`first_name` || ' ' || `last_name`) END) <= 256;--> statement-breakpoint
CREATE INDEX `users_name_key` ON `users` (`name_key`);

-- By hand: the one table that is rebuilt. CONTRIBUTING.md says why that is safe here. Its triggers go with the old table,
-- and the scheduled run makes them again. The Worker before this one writes NULL as an id, which the default replaces.
CREATE TABLE `events_by_account` (
	`id` integer NOT NULL ON CONFLICT REPLACE DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) + (random() & 1023)),
	`user_id` integer NOT NULL,
	`actor_id` integer,
	`type` text NOT NULL,
	`dialect` text NOT NULL,
	`address_prefix` text,
	`user_agent` text,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `id`)
) WITHOUT ROWID;
--> statement-breakpoint
-- A sixteenth of the accounts each: D1 gives a statement 30 seconds.
INSERT INTO `events_by_account` (`user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at`)
  SELECT `user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at` FROM `events`
  WHERE `user_id` <= (SELECT max(`user_id`) FROM `events`) * 1 / 16 ORDER BY `user_id`, `id`;--> statement-breakpoint
INSERT INTO `events_by_account` (`user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at`)
  SELECT `user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at` FROM `events`
  WHERE `user_id` > (SELECT max(`user_id`) FROM `events`) * 1 / 16 AND `user_id` <= (SELECT max(`user_id`) FROM `events`) * 2 / 16 ORDER BY `user_id`, `id`;--> statement-breakpoint
INSERT INTO `events_by_account` (`user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at`)
  SELECT `user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at` FROM `events`
  WHERE `user_id` > (SELECT max(`user_id`) FROM `events`) * 2 / 16 AND `user_id` <= (SELECT max(`user_id`) FROM `events`) * 3 / 16 ORDER BY `user_id`, `id`;--> statement-breakpoint
INSERT INTO `events_by_account` (`user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at`)
  SELECT `user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at` FROM `events`
  WHERE `user_id` > (SELECT max(`user_id`) FROM `events`) * 3 / 16 AND `user_id` <= (SELECT max(`user_id`) FROM `events`) * 4 / 16 ORDER BY `user_id`, `id`;--> statement-breakpoint
INSERT INTO `events_by_account` (`user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at`)
  SELECT `user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at` FROM `events`
  WHERE `user_id` > (SELECT max(`user_id`) FROM `events`) * 4 / 16 AND `user_id` <= (SELECT max(`user_id`) FROM `events`) * 5 / 16 ORDER BY `user_id`, `id`;--> statement-breakpoint
INSERT INTO `events_by_account` (`user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at`)
  SELECT `user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at` FROM `events`
  WHERE `user_id` > (SELECT max(`user_id`) FROM `events`) * 5 / 16 AND `user_id` <= (SELECT max(`user_id`) FROM `events`) * 6 / 16 ORDER BY `user_id`, `id`;--> statement-breakpoint
INSERT INTO `events_by_account` (`user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at`)
  SELECT `user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at` FROM `events`
  WHERE `user_id` > (SELECT max(`user_id`) FROM `events`) * 6 / 16 AND `user_id` <= (SELECT max(`user_id`) FROM `events`) * 7 / 16 ORDER BY `user_id`, `id`;--> statement-breakpoint
INSERT INTO `events_by_account` (`user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at`)
  SELECT `user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at` FROM `events`
  WHERE `user_id` > (SELECT max(`user_id`) FROM `events`) * 7 / 16 AND `user_id` <= (SELECT max(`user_id`) FROM `events`) * 8 / 16 ORDER BY `user_id`, `id`;--> statement-breakpoint
INSERT INTO `events_by_account` (`user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at`)
  SELECT `user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at` FROM `events`
  WHERE `user_id` > (SELECT max(`user_id`) FROM `events`) * 8 / 16 AND `user_id` <= (SELECT max(`user_id`) FROM `events`) * 9 / 16 ORDER BY `user_id`, `id`;--> statement-breakpoint
INSERT INTO `events_by_account` (`user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at`)
  SELECT `user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at` FROM `events`
  WHERE `user_id` > (SELECT max(`user_id`) FROM `events`) * 9 / 16 AND `user_id` <= (SELECT max(`user_id`) FROM `events`) * 10 / 16 ORDER BY `user_id`, `id`;--> statement-breakpoint
INSERT INTO `events_by_account` (`user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at`)
  SELECT `user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at` FROM `events`
  WHERE `user_id` > (SELECT max(`user_id`) FROM `events`) * 10 / 16 AND `user_id` <= (SELECT max(`user_id`) FROM `events`) * 11 / 16 ORDER BY `user_id`, `id`;--> statement-breakpoint
INSERT INTO `events_by_account` (`user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at`)
  SELECT `user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at` FROM `events`
  WHERE `user_id` > (SELECT max(`user_id`) FROM `events`) * 11 / 16 AND `user_id` <= (SELECT max(`user_id`) FROM `events`) * 12 / 16 ORDER BY `user_id`, `id`;--> statement-breakpoint
INSERT INTO `events_by_account` (`user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at`)
  SELECT `user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at` FROM `events`
  WHERE `user_id` > (SELECT max(`user_id`) FROM `events`) * 12 / 16 AND `user_id` <= (SELECT max(`user_id`) FROM `events`) * 13 / 16 ORDER BY `user_id`, `id`;--> statement-breakpoint
INSERT INTO `events_by_account` (`user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at`)
  SELECT `user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at` FROM `events`
  WHERE `user_id` > (SELECT max(`user_id`) FROM `events`) * 13 / 16 AND `user_id` <= (SELECT max(`user_id`) FROM `events`) * 14 / 16 ORDER BY `user_id`, `id`;--> statement-breakpoint
INSERT INTO `events_by_account` (`user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at`)
  SELECT `user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at` FROM `events`
  WHERE `user_id` > (SELECT max(`user_id`) FROM `events`) * 14 / 16 AND `user_id` <= (SELECT max(`user_id`) FROM `events`) * 15 / 16 ORDER BY `user_id`, `id`;--> statement-breakpoint
INSERT INTO `events_by_account` (`user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at`)
  SELECT `user_id`, `id`, `actor_id`, `type`, `dialect`, `address_prefix`, `user_agent`, `created_at` FROM `events`
  WHERE `user_id` > (SELECT max(`user_id`) FROM `events`) * 15 / 16 ORDER BY `user_id`, `id`;--> statement-breakpoint
DROP TABLE `events`;--> statement-breakpoint
ALTER TABLE `events_by_account` RENAME TO `events`;

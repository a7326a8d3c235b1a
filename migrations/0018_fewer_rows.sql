-- By hand: each new index is there before the one that it replaces is dropped, so that names stay unique. `sessions_one_derived`
-- and `users_name_key` are not dropped here: src/core/store/retired-indexes.ts.
CREATE UNIQUE INDEX `users_username` ON `users` (`username_key`) WHERE username_key IS NOT NULL;--> statement-breakpoint
CREATE INDEX `users_name` ON `users` (`name_key`) WHERE name_key <> '';--> statement-breakpoint
CREATE INDEX `users_without_name_key` ON `users` (`name_key`) WHERE name_key IS NULL;--> statement-breakpoint
DROP INDEX `users_username_key`;

CREATE INDEX `imported_accounts_email` ON `imported_accounts` (`email_digest`);--> statement-breakpoint
CREATE INDEX `imported_accounts_username` ON `imported_accounts` (`username_digest`);
-- Place of the migration for webhooks.
-- minimum-binary: 1
DO $$ BEGIN END $$;

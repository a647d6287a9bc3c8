-- Place of the migration for webhooks.
-- minimum-binary: 2
DO $$ BEGIN END $$;

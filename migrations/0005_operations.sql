-- Place of the migration for operations.
-- minimum-binary: 1
DO $$ BEGIN END $$;

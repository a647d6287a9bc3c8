-- Place of the migration for operations.
-- minimum-binary: 2
DO $$ BEGIN END $$;

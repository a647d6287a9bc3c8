-- Place of the migration for gateway.
-- minimum-binary: 1
DO $$ BEGIN END $$;

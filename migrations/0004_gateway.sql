-- Place of the migration for gateway.
-- minimum-binary: 2
DO $$ BEGIN END $$;

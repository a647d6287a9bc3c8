-- Place of the migration for enrollment.
-- minimum-binary: 1
DO $$ BEGIN END $$;

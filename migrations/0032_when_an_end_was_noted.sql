-- A hold that was not picked up ends on the day the rule names, however late the
-- night runs. When that was noted tells staff what still stands on the shelf.
alter table holds add column end_noted_at timestamptz;

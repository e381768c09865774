-- A message that only the sweep took up, though no clock delayed it: its job had
-- gone without it. That never happens; where it does, it can be counted.
alter table messages add column left_behind_at timestamptz;

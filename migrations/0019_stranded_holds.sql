-- Since when no copy can ever fill a hold: all are lost, missing, withdrawn or
-- not lent. Null while one can, and once the hold has ended.
alter table holds add column stranded_at timestamptz;
create index holds_stranded on holds (library_id, title_id) where stranded_at is not null;

create index transits_under_way on transits (library_id, sent_at, id) where arrived_at is null;

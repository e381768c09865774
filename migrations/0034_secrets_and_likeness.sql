-- When a password or a PIN was last set, and what finds accounts of the same
-- person while somebody is registered.

alter table staff_users add column password_set_at timestamptz;
alter table cards add column pin_set_at timestamptz;

create index patrons_born on patrons (library_id, born_on) where born_on is not null;
create index patrons_by_address on patrons (library_id, lower(address)) where address <> '';

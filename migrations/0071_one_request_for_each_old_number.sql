-- A library has each number of the system it left once: two files read at the same
-- moment cannot take one request in twice.
drop index requests_by_external_number;
create unique index requests_by_external_number on requests (library_id, external_number) where external_number is not null;

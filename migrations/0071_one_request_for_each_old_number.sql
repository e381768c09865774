-- A library has each number of the system it left once: two files read at the same
-- moment cannot take one request in twice. Of those that were, the later ones are told
-- apart by their own number.
update requests r set external_number = r.external_number || ' (' || r.number || ')'
where exists (select 1 from requests o where o.library_id = r.library_id and o.external_number = r.external_number and o.id < r.id);
drop index requests_by_external_number;
create unique index requests_by_external_number on requests (library_id, external_number) where external_number is not null;

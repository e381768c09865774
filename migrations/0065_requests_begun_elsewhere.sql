-- Requests that began in the system a library left are known again by their number
-- there, and staff who have only that number find them.
create index requests_by_external_number on requests (library_id, external_number) where external_number is not null;

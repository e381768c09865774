-- What an end may not leave standing.

create view breach_open_hold_of_ended_request as
    select h.library_id, h.id as hold_id, h.status, r.library_id as for_library_id, r.id as request_id, r.state
    from holds h join requests r on r.library_id = h.for_library_id and r.id = h.request_id
    where h.status in ('placed', 'in_transit', 'on_hold_shelf') and r.closed_at is not null;
comment on view breach_open_hold_of_ended_request is 'A request that has ended keeps no copy on a hold shelf and no place in a queue.';

create view breach_open_loan_of_ended_request as
    select l.library_id, l.id as loan_id, r.library_id as for_library_id, r.id as request_id, r.state
    from loans l join requests r on r.library_id = l.patron_library_id and r.id = l.request_id
    where l.status = 'open' and r.closed_at is not null;
comment on view breach_open_loan_of_ended_request is 'Nobody has on loan what a request brought that has ended.';

-- Between two members, a renewal that waits here was asked there, or its answer
-- is on its way.
create view breach_renewal_nobody_answers as
    select r.library_id, r.id as request_id, r.side, r.state, theirs.id as lending_id
    from requests r
    left join requests theirs on r.side = 'borrowing' and theirs.side = 'lending' and theirs.borrower_library_id = r.library_id
        and theirs.borrower_request_id = r.rota_entry_id::text
    where r.renewal_pending and (r.closed_at is not null
        or (not theirs.renewal_pending
            and not exists (select from deadlines d where d.library_id = r.library_id and d.request_id = r.id and d.kind = 'renewal_answer')
            and not exists (select from messages m where m.status in ('ready', 'claimed')
                and ((m.library_id = r.library_id and m.request_id = r.id) or (m.library_id = theirs.library_id and m.request_id = theirs.id)))));
comment on view breach_renewal_nobody_answers is 'A renewal that is waited for can still be answered.';

do $$
declare
    name text;
begin
    foreach name in array array['breach_open_hold_of_ended_request', 'breach_open_loan_of_ended_request', 'breach_renewal_nobody_answers'] loop
        execute format('revoke all on %I from afield_app', name);
        execute format('revoke insert, update, delete on %I from afield_system', name);
    end loop;
end $$;

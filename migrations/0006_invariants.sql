-- What must always be true, as views that are empty while it is. `afield verify`
-- reads every view whose name begins with breach_; its comment says the rule.

create view breach_open_request_without_next_step as
    select r.library_id, r.id as request_id, r.side, r.state, r.owner
    from requests r
    where r.closed_at is null
      and (r.owner = 'none'
        or not exists (select 1 from deadlines d where d.library_id = r.library_id and d.request_id = r.id));
comment on view breach_open_request_without_next_step is 'Every open request has an owner and a next deadline.';

create view breach_closed_request_still_waiting as
    select r.library_id, r.id as request_id, r.state
    from requests r
    where r.closed_at is not null
      and (r.owner <> 'none'
        or exists (select 1 from deadlines d where d.library_id = r.library_id and d.request_id = r.id)
        or exists (select 1 from rota_entries e where e.library_id = r.library_id and e.request_id = r.id and e.active));
comment on view breach_closed_request_still_waiting is 'An ended request has no deadline, no owner and no active lender.';

create view breach_two_active_attempts as
    select library_id, request_id, count(*) as active
    from rota_entries where active group by 1, 2 having count(*) > 1;
comment on view breach_two_active_attempts is 'A request asks one lender at a time.';

create view breach_two_open_loans as
    select item_library_id as library_id, item_id, count(*) as open
    from loans where status <> 'returned' group by 1, 2 having count(*) > 1;
comment on view breach_two_open_loans is 'An item has at most one open loan.';

create view breach_item_in_two_places as
    select i.library_id, i.id as item_id, i.status, 'open loan' as also
    from items i join loans l on l.item_library_id = i.library_id and l.item_id = i.id and l.status = 'open'
    where i.status not in ('on_loan', 'in_transit')
    union all
    select i.library_id, i.id, i.status, 'no open loan'
    from items i
    where i.status = 'on_loan'
      and not exists (select 1 from loans l where l.item_library_id = i.library_id and l.item_id = i.id and l.status = 'open')
    union all
    select i.library_id, i.id, i.status, 'on the hold shelf'
    from items i join holds h on h.library_id = i.library_id and h.item_id = i.id and h.status = 'on_hold_shelf'
    where i.status <> 'on_hold_shelf'
    union all
    select i.library_id, i.id, i.status, 'no hold'
    from items i
    where i.status = 'on_hold_shelf'
      and not exists (select 1 from holds h where h.library_id = i.library_id and h.item_id = i.id and h.status = 'on_hold_shelf');
comment on view breach_item_in_two_places is 'An item is in one place, and its status says which.';

create view breach_events_do_not_fold as
    select r.library_id, r.id as request_id, r.state, r.version, e.to_state, e.version as event_version
    from requests r
    left join lateral (
        select to_state, version from request_events e
        where e.library_id = r.library_id and e.request_id = r.id order by version desc limit 1) e on true
    where e.version is null or e.version <> r.version or e.to_state <> r.state;
comment on view breach_events_do_not_fold is 'Folding the events of a request gives its state and version.';

create view breach_event_chain_broken as
    select library_id, request_id, version, from_state, before_state
    from (select library_id, request_id, version, from_state,
                 lag(to_state) over w as before_state, lag(version) over w as before_version
          from request_events window w as (partition by library_id, request_id order by version)) e
    where (before_version is null and (version <> 1 or from_state <> ''))
       or (before_version is not null and (version <> before_version + 1 or from_state <> before_state));
comment on view breach_event_chain_broken is 'Each event begins where the one before it ended.';

create view breach_ledger_credit_without_charge as
    select e.library_id, e.id as entry_id, e.kind
    from ledger_entries e
    left join ledger_entries c on c.library_id = e.library_id and c.id = e.against_id
    where e.kind in ('waiver', 'reversal')
      and (c.id is null or c.currency <> e.currency
        or c.patron_id is distinct from e.patron_id or c.debtor_library_id is distinct from e.debtor_library_id);
comment on view breach_ledger_credit_without_charge is 'A waiver or reversal answers a charge of the same account and currency.';

create view breach_ledger_over_credited as
    select c.library_id, c.id as charge_id, c.amount_minor, sum(e.amount_minor) as credited
    from ledger_entries c
    join ledger_entries e on e.library_id = c.library_id and e.against_id = c.id and e.kind in ('waiver', 'reversal')
    where c.kind = 'charge'
    group by 1, 2, 3 having c.amount_minor + sum(e.amount_minor) < 0;
comment on view breach_ledger_over_credited is 'No charge is waived or reversed beyond its amount.';

create view breach_ledger_not_immutable as
    select '00000000-0000-0000-0000-000000000000'::uuid as library_id, 'ledger_is_append_only' as missing
    where not exists (select 1 from pg_trigger where tgname = 'ledger_is_append_only' and tgenabled <> 'D');
comment on view breach_ledger_not_immutable is 'The ledger refuses changes and deletions.';

create view breach_queue_order as
    select b.library_id, b.id as hold_id, a.id as passed_over_hold_id
    from holds a join holds b
      on a.library_id = b.library_id and a.title_id = b.title_id and a.id <> b.id
     and (a.queued_at, a.id) < (b.queued_at, b.id)
    where a.status = 'placed' and a.item_id is null
      and b.status in ('in_transit', 'on_hold_shelf') and b.captured_at > a.placed_at
      and not exists (select 1 from queue_overrides o where o.library_id = b.library_id and o.hold_id = b.id);
comment on view breach_queue_order is 'First requested, first supplied, except where staff recorded an override.';

create view breach_message_id_reused as
    select min(library_id::text)::uuid as library_id, id, count(*) as used
    from messages where direction = 'out' group by id having count(*) > 1;
comment on view breach_message_id_reused is 'Every outgoing message has an id of its own.';

create view breach_tenant_differs as
    select l.library_id, l.id, 'rota entry and request' as what
    from rota_entries l join requests r on r.id = l.request_id where r.library_id <> l.library_id
    union all
    select l.library_id, l.id, 'message and request'
    from messages l join requests r on r.id = l.request_id where r.library_id <> l.library_id
    union all
    select l.library_id, l.id, 'ledger entry and patron'
    from ledger_entries l join patrons p on p.id = l.patron_id where p.library_id <> l.library_id
    union all
    select l.library_id, l.id, 'notice and patron'
    from notices l join patrons p on p.id = l.patron_id where p.library_id <> l.library_id
    union all
    select l.library_id, l.id, 'card and patron'
    from cards l join patrons p on p.id = l.patron_id where p.library_id <> l.library_id
    union all
    select l.library_id, l.request_id, 'deadline and request'
    from deadlines l join requests r on r.id = l.request_id where r.library_id <> l.library_id
    union all
    select l.library_id, l.request_id, 'event and request'
    from request_events l join requests r on r.id = l.request_id where r.library_id <> l.library_id
    union all
    select l.library_id, l.id, 'temporary item and request'
    from items l join requests r on r.id = l.request_id where r.library_id <> l.library_id;
comment on view breach_tenant_differs is 'Every row belongs to the same library as its parent.';

-- The views look over all libraries, so only the system role may read them.
do $$
declare
    name text;
begin
    for name in select viewname from pg_views where schemaname = current_schema() and viewname like 'breach\_%' loop
        execute format('revoke all on %I from afield_app', name);
        execute format('revoke insert, update, delete on %I from afield_system', name);
    end loop;
end $$;

-- What is only ever added to stays so whatever the code asks for.
revoke update, delete on ledger_entries from afield_app, afield_system;
revoke update, delete on request_events from afield_app, afield_system;

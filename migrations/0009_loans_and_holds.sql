-- What a loan and a hold need beyond a first lending: what nightly work reads in
-- slices, claims, losses, suspended holds.

-- The terms a fine is worked out from, where one statement can read them; the
-- terms of the loan stay the only place they are written.
alter table loans
    add column fine_rate_minor  bigint generated always as ((terms #>> '{overdue,rate,minor}')::bigint) stored,
    add column fine_cap_minor   bigint generated always as (least((terms #>> '{overdue,cap,minor}')::bigint, (terms #>> '{overdue,price,minor}')::bigint)) stored,
    add column fine_currency    text generated always as (terms #>> '{overdue,rate,currency}') stored,
    add column fine_count       text generated always as (terms #>> '{overdue,count}') stored,
    add column fine_per         text generated always as (coalesce(terms #>> '{overdue,per}', 'day')) stored,
    add column fine_grace       jsonb generated always as (terms #> '{overdue,grace}') stored,
    add column lost_on          date,
    add column lost_how         text check (lost_how in ('overdue', 'reported', 'claim')),
    add column referred_on      date,          -- handed to a collection agency
    add column anonymised_at    timestamptz,
    add column recalled_on      date,          -- its owner wants it back
    add column handed_to_id     uuid,          -- the proxy who took it, of the patron's library
    add column price_asked      text not null default '';  -- staff were asked for its item's price, under this version of the policy

-- What the lender of a borrowed copy asks besides its due date, and what rules
-- about renewing and losing it look at.
alter table requests
    add column first_due_on           date,    -- the patron's due date when it was lent, before any renewal
    add column misplaced_on           date,    -- when the patron reported that it cannot be found
    add column lender_renewals        int      check (lender_renewals >= 0),          -- how often the lender renews it; null: it did not say
    add column lender_fine_minor      bigint   check (lender_fine_minor >= 0),        -- for a late day; null: it did not say
    add column lender_fine_most_minor bigint   check (lender_fine_most_minor >= 0);   -- null: no most

create index open_loans_by_due_date on loans (library_id, due_on, id) where status = 'open';
create index overdue_loans_by_patron on loans (patron_library_id, patron_id, due_on) where status = 'open';
create index loans_to_anonymise on loans (library_id, returned_on, id) where status = 'returned' and patron_id is not null;

-- What the desk looks at in an item besides its type.
alter table items
    add column age_mark         text not null default '' check (age_mark in ('', 'new', 'high_demand')),
    add column parts            int not null default 1 check (parts >= 1),  -- pieces to count: discs, a booklet
    add column parts_missing    text not null default '',
    add column loan_note        text not null default '',                   -- shown whenever it is lent or comes back
    add column price_paid_minor bigint check (price_paid_minor >= 0),       -- what it once cost; price_minor is a new copy's
    add column list_price_minor bigint check (list_price_minor >= 0),
    add column brief            boolean not null default false,             -- made at the desk, to be catalogued
    add column replaced_on      date;                                       -- a new copy was bought for it

-- The patron says it was returned, or never borrowed.
create table claims (
    library_id  uuid not null,
    id          uuid not null,
    loan_id     uuid not null,
    patron_library_id uuid not null,
    patron_id   uuid,
    kind        text not null check (kind in ('returned', 'never_borrowed')),
    status      text not null check (status in ('asked_owner', 'open', 'found_in_library', 'found_by_patron', 'charged', 'withdrawn', 'refused')),
    by_guardian boolean not null default false,
    note        jsonb not null default '{}',
    claimed_at  timestamptz not null,
    claimed_by  jsonb not null,
    closed_at   timestamptz,
    closed_by   jsonb,
    primary key (library_id, id),
    foreign key (library_id, loan_id) references loans,
    check ((status in ('asked_owner', 'open')) = (closed_at is null))
);
create unique index one_open_claim_per_loan on claims (library_id, loan_id) where closed_at is null;
create index claims_by_patron on claims (patron_library_id, patron_id);
call afield_protect('claims', 'library_id = any ((select afield_visible())::uuid[])
    or patron_library_id = any ((select afield_visible())::uuid[])');

alter table holds
    add column wanted_item_id  uuid,           -- set when only this copy will do
    add column suspended_from  date,
    add column suspended_until date,           -- the last day it is passed by
    add column permitted_id    uuid,           -- who else may take it, by the patron's express permission
    add column contact_at      timestamptz,    -- the patron asked to keep it longer
    add column channel         text not null default 'staff';
create index holds_on_shelf_by_date on holds (for_library_id, pick_up_by, id) where status = 'on_hold_shelf';

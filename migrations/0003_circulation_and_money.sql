-- Loans, holds, transits, charges and notices.

-- library_id is the library whose desk lent the item; the item and the patron
-- may belong to others of the same sharing group.
create table loans (
    library_id        uuid not null references libraries,
    id                uuid not null,
    item_library_id   uuid not null,
    item_id           uuid not null,
    patron_library_id uuid not null,
    patron_id         uuid,                   -- null once history is anonymised
    request_id        uuid,                   -- the ILL request it serves
    branch_id         uuid,
    started_at        timestamptz not null,
    due_on            date not null,
    due_at            timestamptz not null,   -- close of business on due_on
    renewals          int not null default 0 check (renewals >= 0),
    terms             jsonb not null,         -- resolved when the loan began
    status            text not null default 'open' check (status in ('open', 'returned', 'lost')),
    returned_at       timestamptz,
    returned_on       date,                   -- the day the return counts for
    primary key (library_id, id),
    foreign key (item_library_id, item_id) references items,
    foreign key (patron_library_id, patron_id) references patrons,
    foreign key (library_id, branch_id) references branches,
    check ((status = 'returned') = (returned_at is not null)),
    check (patron_id is not null or status <> 'open')
);
create unique index one_open_loan_per_item on loans (item_library_id, item_id) where status <> 'returned';
create index open_loans_by_patron on loans (patron_library_id, patron_id) where status <> 'returned';
create index loans_by_request on loans (library_id, request_id) where request_id is not null;
create index ended_loans_by_item on loans (item_library_id, item_id, returned_at) where status = 'returned';
create index open_loans_by_due on loans (due_at) where status = 'open';
call afield_protect('loans', 'library_id = any ((select afield_visible())::uuid[])
    or item_library_id = any ((select afield_visible())::uuid[])');

-- library_id is the library that is to fill the hold; for_library_id is the
-- patron's and the request's.
create table holds (
    library_id     uuid not null references libraries,
    id             uuid not null,
    title_id       uuid references titles,
    item_id        uuid,                      -- chosen or captured copy, of library_id
    for_library_id uuid not null references libraries,
    patron_id      uuid not null,
    request_id     uuid,                      -- of for_library_id
    pickup_branch_id uuid,                    -- of for_library_id
    queued_at      timestamptz not null,      -- first requested, first supplied
    placed_at      timestamptz not null,      -- when it joined the queue, perhaps later
    status         text not null default 'placed' check (status in
        ('placed', 'in_transit', 'on_hold_shelf', 'fulfilled', 'cancelled', 'expired', 'unfilled')),
    captured_at    timestamptz,               -- when a copy was given to it
    pick_up_by     date,
    on_shelf_at    timestamptz,
    closed_at      timestamptz,
    primary key (library_id, id),
    foreign key (library_id, item_id) references items,
    foreign key (for_library_id, patron_id) references patrons,
    foreign key (for_library_id, pickup_branch_id) references branches,
    check (status not in ('in_transit', 'on_hold_shelf') or item_id is not null)
);
create unique index one_captured_hold_per_item on holds (library_id, item_id) where status in ('in_transit', 'on_hold_shelf');
create unique index one_open_hold_per_request on holds (for_library_id, request_id)
    where request_id is not null and status in ('placed', 'in_transit', 'on_hold_shelf');
create index holds_queue on holds (library_id, title_id, queued_at, id) where status = 'placed';
create index holds_by_patron on holds (for_library_id, patron_id) where status in ('placed', 'in_transit', 'on_hold_shelf');
call afield_protect('holds', 'library_id = any ((select afield_visible())::uuid[])
    or for_library_id = any ((select afield_visible())::uuid[])');

-- Where staff gave a copy out of turn, and why.
create table queue_overrides (
    library_id uuid not null,
    hold_id    uuid not null,
    reason     text not null check (reason <> ''),
    actor      jsonb not null,
    at         timestamptz not null,
    primary key (library_id, hold_id),
    foreign key (library_id, hold_id) references holds
);
call afield_protect('queue_overrides');

-- An item of library_id on its way to a branch of to_library_id.
create table transits (
    library_id    uuid not null references libraries,
    id            uuid not null,
    item_id       uuid not null,
    to_library_id uuid not null references libraries,
    to_branch_id  uuid,
    hold_id       uuid,                       -- null when it goes home
    sent_at       timestamptz not null,
    arrived_at    timestamptz,
    primary key (library_id, id),
    foreign key (library_id, item_id) references items,
    foreign key (library_id, hold_id) references holds
);
create unique index one_open_transit_per_item on transits (library_id, item_id) where arrived_at is null;
call afield_protect('transits', 'library_id = any ((select afield_visible())::uuid[])
    or to_library_id = any ((select afield_visible())::uuid[])');

-- Money between a library and a patron, or between two libraries. Rows are only
-- ever added; a balance is their sum.
create table ledger_entries (
    library_id   uuid not null references libraries,   -- to whom it is owed
    id           uuid not null,
    patron_id    uuid,
    debtor_library_id uuid references libraries,
    kind         text not null check (kind in ('charge', 'payment', 'waiver', 'refund', 'reversal')),
    charge_kind  text not null,               -- overdue, ill_fee, lost, processing, print, card, postage …
    amount_minor bigint not null check (amount_minor <> 0),  -- positive is owed
    currency     text not null,
    against_id   uuid,                        -- the charge a payment, waiver or reversal answers
    rule         text not null default '',    -- the policy attribute that made it
    clause       jsonb,
    note         text not null default '',
    loan_id      uuid,
    request_id   uuid,
    -- Names the cause so that the same cause never posts twice.
    cause        text not null,
    actor        jsonb not null,
    at           timestamptz not null,
    primary key (library_id, id),
    foreign key (library_id, against_id) references ledger_entries (library_id, id),
    constraint charge_posted_once unique (library_id, cause),
    check ((patron_id is null) <> (debtor_library_id is null)),
    check ((kind = 'charge' or kind = 'refund') = (amount_minor > 0) or kind = 'reversal')
);
create index ledger_by_patron on ledger_entries (library_id, patron_id, at) where patron_id is not null;
create index ledger_by_debtor on ledger_entries (library_id, debtor_library_id) where debtor_library_id is not null;
create index ledger_by_charge on ledger_entries (library_id, against_id) where against_id is not null;
create index ledger_by_request on ledger_entries (library_id, request_id) where request_id is not null;
call afield_protect('ledger_entries');

create function ledger_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'ledger_entries is append-only: reverse an entry by a new one';
end $$;
create trigger ledger_is_append_only before update or delete on ledger_entries
    for each row execute function ledger_is_append_only();
create trigger ledger_is_never_emptied before truncate on ledger_entries
    for each statement execute function ledger_is_append_only();

-- What to tell whom, by which channel. A phone notice is a row of the call list.
create table notices (
    library_id uuid not null references libraries,
    id         uuid not null,
    patron_id  uuid not null,
    request_id uuid,
    loan_id    uuid,
    kind       text not null,                 -- arrived, cost_approval, unfilled, overdue, recalled …
    channel    text not null check (channel in ('phone', 'email', 'sms', 'letter', 'account')),
    due_at     timestamptz not null,
    status     text not null default 'due' check (status in ('due', 'done', 'failed', 'cancelled')),
    outcome    text not null default '',      -- reached, voicemail, no_answer, wrong_number, sent …
    tries      int not null default 0,
    facts      jsonb not null default '{}',   -- what the text needs: dates, amounts; never names
    cause      text not null,
    done_at    timestamptz,
    done_by    jsonb,
    created_at timestamptz not null,
    primary key (library_id, id),
    constraint notice_made_once unique (library_id, cause),
    foreign key (library_id, patron_id) references patrons
);
create index notices_due on notices (library_id, channel, due_at) where status = 'due';
create index notices_by_request on notices (library_id, request_id) where request_id is not null;
create index notices_by_patron on notices (library_id, patron_id, created_at);
call afield_protect('notices');

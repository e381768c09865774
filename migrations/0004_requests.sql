-- Requests and everything that moves with them. Only workflow/requests writes
-- a request's state.

create sequence request_numbers start 10001;

create table requests (
    library_id   uuid not null references libraries,
    id           uuid not null,
    number       bigint not null default nextval('request_numbers'),  -- for slips and the phone
    side         text not null,
    state        text not null,
    version      int not null default 1 check (version > 0),
    owner        text not null check (owner in ('staff', 'patron', 'lender', 'borrower', 'system', 'none')),

    citation     jsonb not null,
    title_id     uuid references titles,
    format       text not null default 'book',
    service      text not null default 'loan' check (service in ('loan', 'copy')),
    rush         boolean not null default false,
    need_by      date,
    copyright    text check (copyright in ('US:CCG', 'US:CCL')),  -- copies: the compliance declared

    -- borrowing side
    patron_id        uuid,                  -- null once anonymised, and on the other sides
    pickup_branch_id uuid,
    submitted_by     jsonb not null,
    submitted_at     timestamptz not null,
    max_cost_minor   bigint,                -- the patron's ceiling; null means none was given
    approved_cost_minor bigint not null default 0,
    currency         text not null default 'USD',
    rota_entry_id    uuid,                  -- the lender being asked or supplying
    fulfilment       text check (fulfilment in ('hold', 'ill', 'staff')),
    external_number  text,                  -- OCLC, SRCS or telephone reference
    pick_up_by       date,
    patron_due_on    date,
    patron_contact_at timestamptz,          -- "we hear from you": stops automatic return
    looked_up_at     timestamptz,           -- when partners were asked live what they have
    ill_checked      boolean not null default false, -- passed the rules for interlibrary loan, or staff decided

    -- lending side: who borrows, under which id of theirs
    borrower_library_id uuid references libraries,
    borrower_request_id text,
    borrower_note    text not null default '',
    item_id          uuid,                  -- our item that was chosen
    offered_cost_minor bigint,

    -- both
    lender_due_on    date,
    renewals         int not null default 0,
    previous_state   text,                  -- where cancel_pending goes back to
    cancel_reason    text,                  -- patron, need_by, moved_on
    overdue          boolean not null default false,
    recalled         boolean not null default false,
    renewal_pending  boolean not null default false,
    return_unused    boolean not null default false,  -- cancelled while on its way
    closed_at        timestamptz,
    closed_reason    text,

    primary key (library_id, id),
    constraint request_number_unique unique (number),
    foreign key (library_id, patron_id) references patrons,
    foreign key (library_id, pickup_branch_id) references branches,
    foreign key (library_id, item_id) references items,
    constraint requests_state_known check (
        (side = 'borrowing' and state in ('submitted', 'needs_review', 'routing', 'awaiting_cost_approval', 'requested',
            'conditional', 'waiting_retry', 'will_supply', 'shipped', 'received', 'on_hold_shelf', 'checked_out',
            'return_due', 'return_shipped', 'return_unconfirmed', 'lost_pending', 'cancel_pending',
            'completed', 'unfilled', 'cancelled', 'expired'))
        or (side = 'lending' and state in ('requested', 'conditional', 'to_pull', 'second_search', 'to_ship', 'shipped',
            'with_borrowing_library', 'return_shipped', 'lost_pending', 'completed', 'unfilled', 'cancelled'))
        or (side = 'brokered' and state in ('submitted', 'needs_review', 'routing', 'requested', 'conditional',
            'will_supply', 'shipped', 'received', 'return_shipped', 'cancel_pending',
            'completed', 'unfilled', 'cancelled'))),
    check (side <> 'lending' or (borrower_library_id is not null and borrower_request_id is not null)),
    check ((side = 'borrowing') or patron_id is null)
) with (fillfactor = 80);
create unique index lending_request_once on requests (library_id, borrower_library_id, borrower_request_id) where side = 'lending';
create index requests_by_library on requests (library_id, side, id);
create index open_requests on requests (library_id, side, id) where closed_at is null;
create index requests_by_item on requests (library_id, item_id) where item_id is not null;
create index requests_by_patron on requests (library_id, patron_id, id) where patron_id is not null;
call afield_protect('requests');

-- The rota: every lender looked at for a request, in order, with why it was
-- chosen or passed over. The id of an entry is the request id its lender sees.
create table rota_entries (
    library_id  uuid not null,
    request_id  uuid not null,
    id          uuid not null,
    position    int not null,
    lender_id   uuid not null references libraries,
    tier        int not null,
    tier_name   text not null,
    fulfilment  text not null check (fulfilment in ('hold', 'ill', 'staff')),
    status      text not null check (status in ('next', 'awaiting_approval', 'asked', 'conditional', 'promised', 'supplied', 'returned',
        'refused', 'timed_out', 'declined', 'retry_later', 'undelivered', 'cancelled', 'passed_over')),
    active      boolean not null default false,
    why         jsonb not null default '[]',   -- broker.Reason list: chosen for, or passed over for
    cost_known  boolean not null default true, -- false: nobody knows what the lender asks
    cost_minor  bigint not null default 0,     -- what the lender asks
    patron_cost_minor bigint not null default 0, -- what of it may be passed on
    currency    text not null default 'USD',
    days_to_respond int not null default 4,
    retry_of    uuid,                          -- the entry this one asks again
    retry_after date,
    conditions  text not null default '',
    answer      text not null default '',      -- the lender's last word, in the field's terms
    asked_at    timestamptz,
    confirmed_at timestamptz,
    answered_at timestamptz,
    primary key (library_id, id),
    unique (library_id, request_id, position),
    foreign key (library_id, request_id) references requests
);
create unique index one_active_attempt on rota_entries (library_id, request_id) where active;
create index rota_by_lender on rota_entries (lender_id) where active;
call afield_protect('rota_entries');

-- The volumes of a request.
create table request_items (
    library_id  uuid not null,
    request_id  uuid not null,
    id          uuid not null,
    volume      text not null default '',
    barcode     text,                         -- the lender's
    item_id     uuid,                         -- the temporary or held item
    received_at timestamptz,
    condition   text not null default '',
    returned_at timestamptz,
    primary key (library_id, id),
    foreign key (library_id, request_id) references requests
);
create index request_items_by_request on request_items (library_id, request_id);
create index request_items_by_barcode on request_items (library_id, barcode) where barcode is not null;
call afield_protect('request_items');

-- The timeline. One row for each change of state or noted event.
create table request_events (
    id         bigint generated always as identity primary key,
    library_id uuid not null,
    request_id uuid not null,
    version    int not null,                  -- of the request after it
    event      text not null,
    from_state text not null,                 -- '' on the first
    to_state   text not null,
    actor      jsonb not null,
    cause      jsonb not null default '{}',   -- message, deadline or desk act that brought it
    data       jsonb not null default '{}',
    at         timestamptz not null,
    unique (library_id, request_id, version),
    foreign key (library_id, request_id) references requests
);
call afield_protect('request_events');

-- What happens by itself if nobody acts before then.
create table deadlines (
    library_id uuid not null,
    request_id uuid not null,
    kind       text not null,
    event      text not null,
    due_at     timestamptz not null,
    primary key (library_id, request_id, kind),
    foreign key (library_id, request_id) references requests
);
create index deadlines_due on deadlines (due_at);
call afield_protect('deadlines');

-- Things a person must decide or do. request_id is null for unmatched items.
create table staff_tasks (
    library_id uuid not null references libraries,
    id         uuid not null,
    request_id uuid,
    kind       text not null,
    detail     text not null,
    choices    text[] not null default '{}',  -- actions of the request that settle it
    facts      jsonb not null default '{}',
    opened_at  timestamptz not null,
    due_on     date not null,
    closed_at  timestamptz,
    closed_by  jsonb,
    primary key (library_id, id),
    foreign key (library_id, request_id) references requests
);
create unique index one_open_task_of_a_kind on staff_tasks (library_id, request_id, kind) where closed_at is null and request_id is not null;
create index open_staff_tasks on staff_tasks (library_id, due_on) where closed_at is null;
call afield_protect('staff_tasks');

-- Notes: internal, to the patron, or to the lender.
create table request_notes (
    library_id uuid not null,
    request_id uuid not null,
    id         uuid not null,
    audience   text not null check (audience in ('staff', 'patron', 'lender')),
    text       text not null check (text <> ''),
    actor      jsonb not null,
    at         timestamptz not null,
    primary key (library_id, id),
    foreign key (library_id, request_id) references requests
);
create index request_notes_by_request on request_notes (library_id, request_id);
call afield_protect('request_notes');

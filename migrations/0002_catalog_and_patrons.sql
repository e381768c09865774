-- What libraries own, and who borrows it.

create table titles (
    id          uuid primary key,
    title       text not null check (title <> ''),
    author      text not null default '',
    isbns       text[] not null default '{}',   -- 13 digits each
    issn        text,
    oclc        text,
    publisher   text not null default '',
    year        text not null default '',
    format      text not null default 'book',
    words       tsvector generated always as (to_tsvector('simple'::regconfig, title || ' ' || author)) stored,
    created_at  timestamptz not null
);
create index titles_by_isbn on titles using gin (isbns);
create index titles_by_words on titles using gin (words);
create index titles_by_oclc on titles (oclc) where oclc is not null;

-- What libraries elsewhere are known to own; no private data.
create table partner_holdings (
    title_id   uuid not null references titles,
    library_id uuid not null references libraries,
    copies     int not null default 1 check (copies >= 0),
    lends      boolean not null default true,
    seen_at    timestamptz not null,
    primary key (title_id, library_id)
);

create table patrons (
    library_id      uuid not null references libraries,
    id              uuid not null,
    class           text not null,             -- a class the library's policy knows; "library" is institutional
    name            text not null default '',
    institution_id  uuid references libraries, -- set when the patron is a borrowing library
    branch_id       uuid,
    born_on         date,
    phone           text,
    phone_checked_on date,
    email           text,
    notice_channel  text,                      -- the patron's wish; null follows the policy
    expires_on      date,
    status          text not null default 'active' check (status in ('active', 'suspended', 'closed')),
    note            text not null default '',
    created_at      timestamptz not null,
    primary key (library_id, id),
    foreign key (library_id, branch_id) references branches,
    check ((class = 'library') = (institution_id is not null))
);
create unique index one_institutional_patron on patrons (library_id, institution_id) where institution_id is not null;
call afield_protect('patrons');

create table cards (
    library_id uuid not null,
    id         uuid not null,
    realm_id   uuid not null references sharing_groups,
    number     text not null check (number <> ''),
    patron_id  uuid not null,
    pin_hash   text,
    status     text not null default 'active' check (status in ('active', 'lost', 'stolen', 'replaced')),
    created_at timestamptz not null,
    primary key (library_id, id),
    constraint card_number_unique_in_realm unique (realm_id, number),
    foreign key (library_id, patron_id) references patrons
);
create index cards_by_patron on cards (library_id, patron_id);
call afield_protect('cards');

-- Blocks that were put, not computed: manual ones, suspensions, and thresholds
-- that latch until settled.
create table blocks (
    library_id uuid not null,
    id         uuid not null,
    patron_id  uuid not null,
    kind       text not null check (kind in ('manual', 'suspended', 'ill_suspended', 'latched')),
    stops      text[] not null,               -- the actions it stops
    reason     text not null,
    rule       text not null default '',
    from_on    date not null,
    until_on   date,
    put_by     jsonb not null,
    lifted_at  timestamptz,
    primary key (library_id, id),
    foreign key (library_id, patron_id) references patrons
);
create index blocks_by_patron on blocks (library_id, patron_id) where lifted_at is null;
call afield_protect('blocks');

-- An item of our own, or a temporary one for a copy borrowed from a lender.
create table items (
    library_id  uuid not null references libraries,
    id          uuid not null,
    realm_id    uuid not null references sharing_groups,
    barcode     text not null check (barcode <> ''),
    title_id    uuid references titles,
    branch_id   uuid,
    type        text not null default 'book',   -- a material type the policy knows
    audience    text not null default 'adult' check (audience in ('adult', 'teen', 'child')),
    call_number text not null default '',
    price_minor bigint,
    currency    text not null default 'USD',
    status      text not null default 'on_shelf' check (status in
        ('on_shelf', 'on_hold_shelf', 'on_loan', 'in_transit', 'received', 'missing', 'lost', 'withdrawn', 'gone_home')),
    lendable    boolean not null default true,
    request_id  uuid,                           -- set on a temporary item
    lender_barcode text,                        -- the lender's own barcode of a temporary item
    created_at  timestamptz not null,
    primary key (library_id, id),
    constraint barcode_unique_in_realm unique (realm_id, barcode),
    foreign key (library_id, branch_id) references branches
);
create index items_by_title on items (title_id, library_id);
create unique index items_by_request on items (library_id, request_id) where request_id is not null;
create index items_by_lender_barcode on items (realm_id, lender_barcode) where lender_barcode is not null;
-- A shared catalogue shows the copies of all its libraries: holdings are no secret.
call afield_protect('items');

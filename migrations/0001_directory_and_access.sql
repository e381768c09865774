-- Who is there: libraries, how they are grouped, how they are reached, and who
-- may sign in. Rows here are shared by design unless afield_protect says
-- otherwise.

-- The libraries whose private rows the present transaction may see.
create function afield_visible() returns uuid[]
    language sql stable parallel safe
    as $$ select coalesce(nullif(current_setting('afield.libraries', true), ''), '{}')::uuid[] $$;

-- Puts a table under tenancy: its rows are seen only by transactions that name
-- the row's library, or by the system role. The table's owner is held to it too.
create procedure afield_protect(name text, condition text default 'library_id = any ((select afield_visible())::uuid[])')
    language plpgsql as $$
begin
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy own_library on %I using (%s)', name, condition);
    execute format('create policy whole_system on %I to afield_system using (true)', name);
end $$;

-- The realm in which card numbers and item barcodes are unique: a shared
-- catalogue, or one library alone.
create table sharing_groups (
    id   uuid primary key,
    name text not null
);

create table libraries (
    id               uuid primary key,
    name             text not null check (name <> ''),
    kind             text not null default 'library' check (kind in ('library', 'consortium')),
    member           boolean not null default false,
    state            text,                 -- two letters, or the province
    country          text not null default 'US',
    latitude         double precision,
    longitude        double precision,
    time_zone        text not null default 'America/New_York',
    currency         text not null default 'USD' check (currency ~ '^[A-Z]{3}$'),
    sharing_group_id uuid references sharing_groups,
    policy           text,                 -- the name of its policy document; members have one
    calendar         jsonb,                -- weekly hours; null means open every day
    status           text not null default 'active' check (status in ('active', 'suspended', 'closed')),
    yearly_loans     bigint,               -- circulation, a sign of size
    source_key       text unique,          -- the key in the directory file it was read from
    created_at       timestamptz not null,
    check (not member or (sharing_group_id is not null and policy is not null))
);
create index libraries_by_state on libraries (country, state);
create index libraries_by_name on libraries (name, id);

create table symbols (
    namespace  text not null,
    value      text not null,
    library_id uuid not null references libraries,
    primary key (namespace, value)
);
create index symbols_by_library on symbols (library_id);

create table branches (
    library_id uuid not null references libraries,
    id         uuid not null,
    code       text not null,
    name       text not null,
    calendar   jsonb,
    primary key (library_id, id),
    unique (library_id, code)
);

-- Days a library does not lend or circulate, beyond its weekly hours.
create table closures (
    library_id uuid not null references libraries,
    id         uuid not null,
    branch_id  uuid,
    from_on    date not null,
    to_on      date not null check (to_on >= from_on),
    reason     text not null,
    primary key (library_id, id),
    foreign key (library_id, branch_id) references branches
);

-- Local systems and regional networks: named sets of libraries.
create table library_groups (
    id   uuid primary key,
    name text not null,
    kind text not null check (kind in ('system', 'network', 'state', 'partners'))
);

create table group_members (
    group_id   uuid not null references library_groups,
    library_id uuid not null references libraries,
    primary key (group_id, library_id)
);
create index group_members_by_library on group_members (library_id);

-- How far afield a library looks, in order. A tier is a set of libraries with a
-- cost rule, days to respond, and how it is fulfilled.
create table tiers (
    library_id      uuid not null references libraries,
    position        int not null check (position >= 0),
    name            text not null,
    members         text not null check (members in ('own', 'sharing_group', 'group', 'states', 'everywhere')),
    group_id        uuid references library_groups,
    states          text[] not null default '{}',
    cost_rule       text not null default 'free' check (cost_rule in ('free', 'lender_fee')),
    days_to_respond int not null default 4 check (days_to_respond > 0),
    fulfilment      text not null check (fulfilment in ('hold', 'ill', 'staff')),
    primary key (library_id, position),
    check ((members = 'group') = (group_id is not null))
);

-- What each library lends to others, for how long and at what price.
create table lending_terms (
    library_id    uuid primary key references libraries,
    lends         boolean not null default true,
    formats       text[] not null default '{book,audiobook,music_cd,dvd,periodical,article}',
    loan_days     int not null default 28 check (loan_days > 0),
    renewals      int not null default 1 check (renewals >= 0),
    fee_minor     bigint not null default 0 check (fee_minor >= 0),
    currency      text not null default 'USD',
    free_in_state boolean not null default true,
    free_groups   uuid[] not null default '{}',   -- library_groups that borrow free of charge
    paused_from   date,
    paused_until  date
);

-- How a library is reached. Secrets are sealed with the server's key.
create table peers (
    library_id      uuid primary key references libraries,
    protocol        text not null check (protocol in ('member', 'partner', 'manual')),
    base_url        text,
    outbound_secret bytea,   -- signs what we send
    inbound_secret  bytea,   -- checks what they send
    paused          boolean not null default false,
    allow_private_address boolean not null default false,
    timeout_ms      int not null default 10000 check (timeout_ms between 100 and 60000),
    created_at      timestamptz not null,
    check (protocol <> 'partner' or (base_url is not null and outbound_secret is not null and inbound_secret is not null))
);

-- How each lender has answered so far, over all borrowers; no patron data.
create table lender_figures (
    lender_id     uuid primary key references libraries,
    asked         bigint not null default 0,
    filled        bigint not null default 0,
    refused       bigint not null default 0,
    silent        bigint not null default 0,
    supplied      bigint not null default 0,
    answer_hours  double precision not null default 0,   -- summed over filled and refused
    supply_days   double precision not null default 0,   -- from yes to arrival, summed over supplied
    open_requests int not null default 0
);

-- What a pair of libraries has lent each other, halving every ninety days:
-- positive when lender_id has lent more to borrower_id than it got back.
create table lending_balances (
    lender_id   uuid not null references libraries,
    borrower_id uuid not null references libraries,
    balance     double precision not null default 0,
    as_of       timestamptz not null,
    primary key (lender_id, borrower_id)
);

-- Staff who sign in by name and password.
create table staff_users (
    library_id    uuid not null references libraries,
    id            uuid not null,
    username      text not null,
    password_hash text not null,
    roles         text[] not null default '{desk}',
    branch_id     uuid,
    disabled_at   timestamptz,
    created_at    timestamptz not null,
    primary key (library_id, id),
    unique (library_id, username),
    foreign key (library_id, branch_id) references branches
);
call afield_protect('staff_users');

-- Bearer tokens of staff, patrons and programs; only a hash is kept. Looked up
-- before the library is known, so shared by design.
create table access_tokens (
    hash         bytea primary key,
    id           uuid not null unique,
    kind         text not null check (kind in ('staff', 'patron', 'program')),
    library_id   uuid not null references libraries,
    principal_id uuid not null,
    roles        text[] not null default '{}',
    label        text not null default '',
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    revoked_at   timestamptz
);
create index access_tokens_by_principal on access_tokens (library_id, principal_id);

-- Sign-in tries, counted per card, user and network, in wall-clock windows.
create table signin_attempts (
    bucket       text not null,
    window_start timestamptz not null,
    tries        int not null,
    primary key (bucket, window_start)
);

-- What each POST did the first time, so that sending it again does nothing new.
create table idempotency_keys (
    principal  text not null,
    route      text not null,
    key        text not null check (length(key) between 1 and 255),
    body_hash  bytea not null,
    status     int not null,
    resource   jsonb not null,   -- ids that rebuild the answer; never the body
    created_at timestamptz not null,
    primary key (principal, route, key)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);

-- How notices leave the house: texts of a library's own, letters printed
-- together, messages claimed by one sender at a time.

create table notice_templates (
    library_id uuid not null references libraries,
    kind       text not null,
    stage      text not null default '',
    channel    text not null check (channel in ('phone', 'voice', 'email', 'sms', 'letter', 'account')),
    language   text not null,
    subject    text not null default '',
    body       text not null check (body <> ''),
    changed_at timestamptz not null,
    changed_by jsonb not null,
    primary key (library_id, kind, stage, channel, language)
);
call afield_protect('notice_templates');

-- phone: a person calls; voice: the gateway does.
alter table notices drop constraint notices_channel_check;
alter table notices
    add constraint notices_channel_check check (channel in ('phone', 'voice', 'email', 'sms', 'letter', 'account')),
    add column stage         text not null default '',   -- of a sequence: first, second, final …
    add column hold_id       uuid,
    add column next_channels text[] not null default '{}', -- to be tried after this one, in order
    add column claimed_until timestamptz,                 -- wall time: a dead sender's claim lapses
    add column claimed_by    text not null default '',
    add column last_error    text not null default '',
    add column printed_at    timestamptz;
create index notices_by_loan on notices (library_id, loan_id) where loan_id is not null;
create index notices_with_trouble on notices (library_id, created_at) where last_error <> '' or status = 'failed';
create index notices_by_age on notices (library_id, created_at, id);
create index notices_printed on notices (library_id, printed_at) where printed_at is not null;

-- Libraries whose systems speak ISO 18626: the edition that one speaks, how its
-- system differs from others, and the name under which it knows us.
alter table peers drop constraint peers_protocol_check;
alter table peers add constraint peers_protocol_check check (protocol in ('member', 'partner', 'manual', 'email', 'iso18626'));
alter table peers add column edition text check (edition in ('1.2', '2021'));
alter table peers add column dialect text check (dialect ~ '^[a-z]+$');
alter table peers add column account text check (length(account) between 1 and 100);
alter table peers add constraint iso18626_is_complete check (
    protocol <> 'iso18626' or (base_url is not null and outbound_secret is not null and inbound_secret is not null and edition is not null)
);

-- Sessions of the pages: what a browser that is signed in needs to be remembered
-- (whose token, which desk, which language). Only a hash of the cookie is kept.
-- Looked up before the library is known, so shared by design.
create table page_sessions (
    token      text primary key,
    data       bytea not null,
    expires_at timestamptz not null
);
create index page_sessions_by_end on page_sessions (expires_at);

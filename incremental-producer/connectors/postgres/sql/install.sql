-- What postgres-connector needs in the database. Safe to run again. Needs PostgreSQL 13 or newer.

begin;

create schema if not exists distribution;

-- Changes on their way. A transaction that changes a row adds a row here AFTER the change, while it holds the lock on the
-- row it changed: the ids of one key are then in the order of its changes. That is why the sequence must not be cached by
-- sessions (`cache 1` is the default), and why the connector never asks for ids above the last one it saw: of different
-- keys, smaller ids may well be committed later.
create table if not exists distribution.outbox (
    id         bigint generated always as identity (cache 1) primary key,
    dataset    text        not null,
    key        jsonb       not null check (jsonb_typeof(key) = 'array'), -- the primary key's parts, such as [81730412, "de"]
    payload    jsonb       check (jsonb_typeof(payload) = 'object'),     -- the record; null: the key is gone
    version    bigint,                                                   -- null: the id is the version
    made_at    timestamptz not null default clock_timestamp(),
    refused    text,                                                     -- why it cannot be sent; set it to null to try again
    refused_at timestamptz
);

create index if not exists outbox_waiting on distribution.outbox (dataset, id) where refused is null;

-- Many rows live for less than a second: look after the table more often than others.
alter table distribution.outbox set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

-- What was sent, for people and alerts; written in the transaction that removes the rows from the outbox.
create table if not exists distribution.sent (
    dataset      text        primary key,
    rows         bigint      not null,
    last_id      bigint      not null,
    last_made_at timestamptz not null,
    at           timestamptz not null default now()
);

-- Sweeps: asked for, running with how far they are, and ended.
create table if not exists distribution.sweep (
    dataset      text        not null,
    id           text        not null,
    asked_by     text        not null,
    range_from   jsonb,                   -- the first key, its parts or the first of them; null: from the beginning
    range_to     jsonb,                   -- the first key after the range; null: to the end
    state        text        not null default 'requested' check (state in ('requested', 'running', 'ended', 'failed')),
    asked_at     timestamptz not null default now(),
    begun_at     timestamptz,
    ended_at     timestamptz,
    version      bigint,                  -- of all its messages, unless a column has each row's
    partitions   integer,                 -- of the topic, when it began
    after        text[],                  -- the key of the last row sent
    rows         bigint      not null default 0,
    refused      bigint      not null default 0,
    problem      text,
    primary key (dataset, id)
);

create index if not exists sweep_open on distribution.sweep (dataset, asked_at) where state in ('requested', 'running');

-- How far requests for sweeps are read from Kafka.
create table if not exists distribution.control (
    dataset     text    not null,
    partition   integer not null,
    next_offset bigint  not null,
    primary key (dataset, partition)
);

-- The key of a row, as a list of the values of columns.
create or replace function distribution.key_of(row_as_json jsonb, columns text[]) returns jsonb
language sql immutable as $$
    select jsonb_agg(row_as_json -> c.name order by c.place) from unnest(columns) with ordinality as c (name, place)
$$;

-- Optional: fills the outbox from a table.
--
--   create trigger distribution_titles after insert or update or delete on titles
--     for each row execute function distribution.capture('titles', 'video_id', 'title_record', 'version');
--
-- Arguments: the dataset; the columns of the key, with commas between them; a function from a row of the table to the record
-- as jsonb ('' or nothing: to_jsonb); a bigint column that grows with every change of a row ('' or nothing: the id in the
-- outbox is the version). TRUNCATE is not seen: sweep after it.
create or replace function distribution.capture() returns trigger language plpgsql as $$
declare
    columns         text[] := string_to_array(replace(tg_argv[1], ' ', ''), ',');
    record_function text   := nullif(tg_argv[2], '');
    version_column  text   := nullif(tg_argv[3], '');
    old_key jsonb;
    new_key jsonb;
    content jsonb;
begin
    if tg_op <> 'INSERT' then
        old_key := distribution.key_of(to_jsonb(old), columns);
    end if;
    if tg_op <> 'DELETE' then
        new_key := distribution.key_of(to_jsonb(new), columns);
    end if;
    if old_key is not null and old_key is distinct from new_key then
        -- The end of a row is a change, too: newer than the row was.
        insert into distribution.outbox (dataset, key, version)
            values (tg_argv[0], old_key, (to_jsonb(old) ->> version_column)::bigint + 1);
    end if;
    if new_key is not null then
        if record_function is null then
            content := to_jsonb(new);
        else
            execute 'select ' || record_function::regproc || '($1)' into content using new;
        end if;
        insert into distribution.outbox (dataset, key, payload, version)
            values (tg_argv[0], new_key, content, (to_jsonb(new) ->> version_column)::bigint);
    end if;
    return null;
end
$$;

commit;

import type { Migration, SchemaName } from './migration.js'

/**
 * Requests that were sent with an idempotency key, and their answers. Workers of earlier releases keep such keys in their own
 * memory, and do not use this table.
 */
export const idempotencyKeys: Migration = {
  breaking: false,
  sql: (schema) => [table(schema), purge(schema), rights(schema)].join('\n'),
}

function table({ identifier: s }: SchemaName): string {
  return `
create table ${s}.config_idempotency_keys (
  -- A digest of whose key it is and what it says: neither has a length that an index could bear.
  id text primary key,
  -- What was asked for: the same key with something else is a mistake.
  fingerprint text not null,
  claimed_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  is_answered boolean not null default false,
  -- The answer; null before there is one, and where it is not kept any more.
  status integer,
  headers jsonb,
  body text
);
create index config_idempotency_keys_by_time on ${s}.config_idempotency_keys (expires_at);
`
}

/** Answers repeat contents. A purge takes all of them out, by whichever release it is made; that the requests were carried out stays known. */
function purge({ identifier: s, bodyQuote: q }: SchemaName): string {
  return `
create function ${s}.forget_answers() returns trigger language plpgsql
  security definer set search_path = pg_catalog, pg_temp as ${q}
begin
  update ${s}.config_idempotency_keys set status = null, headers = null, body = null where status is not null;
  return null;
end ${q};
revoke all on function ${s}.forget_answers() from public;
create trigger forget_answers after insert on ${s}.config_changelog
  for each row when (new.change_type = 'purge') execute function ${s}.forget_answers();
`
}

/** Whoever may read, write or delete exposures may do the same here: a service's role needs nothing new. */
function rights({ literal, bodyQuote: q }: SchemaName): string {
  return `
do ${q}
declare
  held record;
begin
  for held in select case acl.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end as grantee, acl.privilege_type
    from pg_class as relation, aclexplode(relation.relacl) as acl
    where relation.oid = format('%I.config_exposures', ${literal})::regclass and acl.grantee <> relation.relowner
      and acl.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
  loop
    execute format('grant %s on %I.config_idempotency_keys to %s', held.privilege_type, ${literal}, held.grantee);
  end loop;
end ${q};
`
}

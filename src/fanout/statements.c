/*-------------------------------------------------------------------------
 *
 * statements.c
 *	  The statements of a fan-out.
 *
 * The number of rows is written into the text, not sent as a parameter, because
 * the other server's planner has to know it.  The bound that travels is a
 * parameter.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/rel.h"

#include "fanout/fanout.h"

bool		mm_partial_answers = false;

/*
 * The columns that are asked for.
 */
static void
write_columns(StringInfo sql, const MMFanoutState *s, const MMRemoteTable *table)
{
	if (s->ncolumns == 0)
		appendStringInfoString(sql, "NULL");
	for (int i = 0; i < s->ncolumns; i++)
	{
		const MMFanoutColumn *column = &s->columns[i];

		appendStringInfoString(sql, i > 0 ? ", " : "");
		if (column->attnum == MM_FANOUT_KEY)
			mm_deparse(sql, s->plan->key, table);
		else if (column->attnum < 0)
			appendStringInfoString(sql, "t.ctid");
		else
			mm_deparse_column(sql, table, column->attnum);
		if (column->text)
			appendStringInfoString(sql, "::pg_catalog.text");
	}
}

char *
mm_fanout_sql(const MMFanoutState *s, const MMFanoutServer *server, int64 limit, bool bounded)
{
	const MMFanoutPlan *plan = s->plan;
	MMRemoteTable table = {RelationGetRelid(s->css.ss.ss_currentRelation), server->relid};
	const char *conjunction = " WHERE ";
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	write_columns(&sql, s, &table);
	appendStringInfoString(&sql, " FROM ");
	mm_deparse_table(&sql, &table);
	appendStringInfoString(&sql, " AS t");
	foreach(lc, plan->conditions)
	{
		appendStringInfoString(&sql, conjunction);
		mm_deparse(&sql, lfirst(lc), &table);
		conjunction = " AND ";
	}
	if (bounded)
	{
		appendStringInfoString(&sql, conjunction);
		mm_deparse(&sql, plan->key, &table);
		appendStringInfo(&sql, " OPERATOR(pg_catalog.%s) $%d::double precision",
						 plan->descending ? ">=" : "<=", s->nparams + 1);
	}
	if (plan->key != NULL)
	{
		appendStringInfo(&sql, " ORDER BY %d%s NULLS %s", s->key + 1,
						 plan->descending ? " DESC" : "", plan->nulls_first ? "FIRST" : "LAST");
	}
	if (limit > 0)
		appendStringInfo(&sql, " LIMIT " INT64_FORMAT, limit);
	return sql.data;
}

void
mm_fanout_ask(MMFanoutState *s, MMFanoutServer **servers, int n, bool in_transaction)
{
	MMRemoteCall *calls = palloc0(sizeof(MMRemoteCall) * Max(n, 1));

	for (int i = 0; i < n; i++)
	{
		s->remote->release(&servers[i]->call);
		calls[i] = servers[i]->call;
		calls[i].in_transaction = in_transaction || IsolationUsesXactSnapshot();
	}
	s->remote->run(calls, n, mm_partial_answers);
	for (int i = 0; i < n; i++)
	{
		MMFanoutServer *server = servers[i];

		server->call = calls[i];
		server->statements++;
		server->row = 0;
		server->missing |= calls[i].missing;
		server->rows += calls[i].nrows;
		if (calls[i].nrows > 0)
		{
			mm_fanout_check_types(s, server);
			mm_fanout_key(s, server);
		}
	}
	pfree(calls);
}

void
mm_fanout_forget(MMFanoutState *s)
{
	s->wave = 0;
	s->returned = 0;
	for (int i = 0; i < s->nservers; i++)
	{
		MMFanoutServer *server = &s->servers[i];

		if (s->remote != NULL)
			s->remote->release(&server->call);
		server->wave = server->row = 0;
		server->call.nrows = 0;
		server->more = false;
		server->cursor = NULL;
	}
}

/*-------------------------------------------------------------------------
 *
 * explain_fanout.c
 *	  What EXPLAIN says about fan-outs.
 *
 * Options of servers and mappings are not shown, as there are passwords among them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/ruleutils.h"

#include "fanout/fanout.h"

static const char *
describe_server(const MMFanoutServer *server)
{
	const char *bound = isinf(server->bound) && server->bound < 0 ? "" :
		psprintf(", bound %g", server->bound);

	if (server->missing)
		return psprintf("%s: missing%s", server->name, bound);
	if (server->wave == 0)
		return psprintf("%s: pruned%s", server->name, bound);
	if (server->work_unknown)
		return psprintf("%s: wave %d%s, " INT64_FORMAT " rows", server->name, server->wave, bound,
						server->rows);
	if (server->inner_pages + server->leaf_pages == 0)
		return psprintf("%s: wave %d%s, " INT64_FORMAT " rows, without the index", server->name,
						server->wave, bound, server->rows);
	return psprintf("%s: wave %d%s, " INT64_FORMAT " rows, " INT64_FORMAT " inner and " INT64_FORMAT " leaf pages, " INT64_FORMAT " rows verified",
					server->name, server->wave, bound, server->rows, server->inner_pages,
					server->leaf_pages, server->verified);
}

/*
 * What all servers have read together, if that is known of all.
 */
static void
show_work(const MMFanoutState *s, ExplainState *es)
{
	int64		inner_pages = 0;
	int64		leaf_pages = 0;
	int64		verified = 0;

	for (int i = 0; i < s->nservers; i++)
	{
		if (s->servers[i].work_unknown)
			return;
		inner_pages += s->servers[i].inner_pages;
		leaf_pages += s->servers[i].leaf_pages;
		verified += s->servers[i].verified;
	}
	ExplainPropertyInteger("Inner Pages", NULL, inner_pages, es);
	ExplainPropertyInteger("Leaf Pages", NULL, leaf_pages, es);
	ExplainPropertyInteger("Rows Verified", NULL, verified, es);
}

void
mm_fanout_explain(CustomScanState *node, List *ancestors, ExplainState *es)
{
	MMFanoutState *s = (MMFanoutState *) node;
	List	   *servers = NIL;
	List	   *missing = NIL;
	int64		asked = 0;
	int64		rows = 0;

	/* What cursors have read is known when they are closed. */
	if (es->analyze && s->mode != NULL && mm_fanout_is_counted(s))
		s->mode->end(s);

	if (s->plan->key != NULL || es->verbose)
		ExplainPropertyText("Remote SQL",
							mm_fanout_sql(s, &s->servers[0], 0, false), es);
	for (int i = 0; i < s->nservers; i++)
	{
		const MMFanoutServer *server = &s->servers[i];

		asked += server->wave > 0 && !server->missing;
		rows += server->rows;
		if (server->missing)
			missing = lappend(missing, (char *) server->name);
		servers = lappend(servers, es->analyze && !s->is_plain ? (char *) describe_server(server) :
						  (char *) server->name);
	}
	if (!es->analyze)
	{
		ExplainPropertyList("Servers", servers, es);
		return;
	}
	if (s->is_plain)
	{
		ExplainPropertyText("Search Method", "foreign scans, as this transaction has written to the table", es);
		return;
	}
	ExplainPropertyText("Search Method", s->mode == NULL ? "not run" : s->mode->name, es);
	ExplainPropertyInteger("Waves", NULL, s->waves, es);
	ExplainPropertyInteger("Servers Contacted", NULL, asked, es);
	ExplainPropertyInteger("Servers Pruned", NULL, s->nservers - asked - list_length(missing), es);
	ExplainPropertyInteger("Rows Received", NULL, rows, es);
	show_work(s, es);
	ExplainPropertyList("Servers", servers, es);
	if (missing != NIL)
		ExplainPropertyList("Servers Missing", missing, es);
}

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
	return psprintf("%s: wave %d%s, " INT64_FORMAT " rows", server->name, server->wave, bound,
					server->rows);
}

void
mm_fanout_explain(CustomScanState *node, List *ancestors, ExplainState *es)
{
	MMFanoutState *s = (MMFanoutState *) node;
	List	   *servers = NIL;
	List	   *missing = NIL;
	int64		asked = 0;
	int64		rows = 0;

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
	ExplainPropertyList("Servers", servers, es);
	if (missing != NIL)
		ExplainPropertyList("Servers Missing", missing, es);
}

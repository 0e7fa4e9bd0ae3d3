/*-------------------------------------------------------------------------
 *
 * merge.c
 *	  The rows of several servers in one order.
 *
 * Each server's rows are in that order already, so whichever server's next row
 * comes first has the next row of all.  NULLs are where the query wants them, and
 * numbers are compared as float8 compares them: NaN is the greatest.  Rows that
 * are equal may come in any order, as from one table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/float.h"

#include "fanout/fanout.h"

static bool
comes_before(const MMFanoutPlan *plan, const MMFanoutServer *a, const MMFanoutServer *b)
{
	int			order;

	if (a->isnull || b->isnull)
		return a->isnull != b->isnull && a->isnull == plan->nulls_first;
	order = float8_cmp_internal(a->value, b->value);
	return plan->descending ? order > 0 : order < 0;
}

MMFanoutServer *
mm_fanout_next(MMFanoutState *s)
{
	MMFanoutServer *first = NULL;

	for (int i = 0; i < s->nservers; i++)
	{
		MMFanoutServer *server = &s->servers[i];

		if (server->row >= server->call.nrows)
			continue;
		if (first == NULL || comes_before(s->plan, server, first))
			first = server;
		/* Without an order, one is as good as another. */
		if (s->plan->key == NULL)
			break;
	}
	return first;
}

TupleTableSlot *
mm_fanout_take(MMFanoutState *s, MMFanoutServer *server)
{
	TupleTableSlot *slot = mm_fanout_store(s, server);

	if (++server->row < server->call.nrows)
		mm_fanout_key(s, server);
	return slot;
}

/*-------------------------------------------------------------------------
 *
 * batches.c
 *	  Searches of which nobody knows how many rows will be wanted.
 *
 * Each server has a cursor, in a remote transaction of the local one's level.  It
 * is opened when the rows of other servers have come as far as the server's bound,
 * and rows are fetched in batches that double.  The other server's scan is
 * incremental, so it does no more work than for the rows that are fetched.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/float.h"

#include "fanout/fanout.h"

/* Rows of the first batch, unless there is a better guess, and of the largest. */
#define FIRST_BATCH		20
#define LARGEST_BATCH	10000

/*
 * A name that no cursor of this session has had.
 */
static char *
cursor_name(void)
{
	static uint32 number = 0;

	return psprintf("mmdb_cursor_%u", ++number);
}

/*
 * Fetch the next batch of some servers.
 */
static void
fetch(MMFanoutState *s, MMFanoutServer **servers, int n)
{
	for (int i = 0; i < n; i++)
	{
		servers[i]->call.sql = psprintf("FETCH " INT64_FORMAT " FROM %s", s->batch,
										servers[i]->cursor);
		servers[i]->call.nparams = 0;
		servers[i]->call.prepare = false;
	}
	mm_fanout_ask(s, servers, n, true);
	for (int i = 0; i < n; i++)
		servers[i]->more = servers[i]->call.nrows == s->batch;
}

/*
 * Open the cursors of servers that are not open yet and whose bound is at most
 * value, and fetch their first batches.  Returns whether there were any.
 */
static bool
open_up_to(MMFanoutState *s, double value)
{
	MMFanoutServer **opened = palloc(sizeof(MMFanoutServer *) * s->nservers);
	int			n = 0;
	int			there = 0;

	for (int i = 0; i < s->nservers && s->by_bound[i]->bound <= Min(value, s->radius); i++)
	{
		MMFanoutServer *server = s->by_bound[i];

		if (server->wave > 0)
			continue;
		server->cursor = cursor_name();
		server->call.sql = psprintf("DECLARE %s NO SCROLL CURSOR FOR %s", server->cursor,
									mm_fanout_sql(s, server, 0, false));
		server->call.nparams = s->nparams;
		server->call.values = s->param_values;
		server->call.lengths = s->param_lengths;
		server->call.formats = s->param_formats;
		server->call.prepare = false;
		server->wave = s->wave + 1;
		opened[n++] = server;
	}
	if (n > 0)
	{
		s->wave++;
		s->waves++;
		mm_fanout_ask(s, opened, n, true);
		for (int i = 0; i < n; i++)
		{
			if (opened[i]->missing)
				opened[i]->cursor = NULL;
			else
				opened[there++] = opened[i];
		}
		fetch(s, opened, there);
	}
	pfree(opened);
	return n > 0;
}

static void
begin_batches(MMFanoutState *s)
{
	s->batch = Max(FIRST_BATCH, Min(s->guess, LARGEST_BATCH));
	/* Without an order there is nothing to wait for. */
	(void) open_up_to(s, s->plan->key == NULL || s->plan->nulls_first ? get_float8_infinity() :
					  s->by_bound[0]->bound);
}

/*
 * Fetch more of the servers that have nothing left here.
 */
static void
refill(MMFanoutState *s)
{
	MMFanoutServer **dry = palloc(sizeof(MMFanoutServer *) * s->nservers);
	int			n = 0;

	for (int i = 0; i < s->nservers; i++)
		if (s->servers[i].more && s->servers[i].row >= s->servers[i].call.nrows)
			dry[n++] = &s->servers[i];
	if (n > 0)
	{
		s->batch = Min(s->batch * 2, LARGEST_BATCH);
		fetch(s, dry, n);
	}
	pfree(dry);
}

static TupleTableSlot *
next_row(MMFanoutState *s)
{
	MemoryContext old = MemoryContextSwitchTo(s->context);
	MMFanoutServer *server;

	for (;;)
	{
		double		reached = get_float8_infinity();

		CHECK_FOR_INTERRUPTS();
		refill(s);
		server = mm_fanout_next(s);
		if (server != NULL && !server->isnull && !isnan(server->value))
			reached = s->plan->descending ? -server->value : server->value;
		/* Until there is a row, the nearest of those that are left. */
		if (server == NULL)
			for (int i = s->nservers - 1; i >= 0; i--)
				if (s->by_bound[i]->wave == 0)
					reached = s->by_bound[i]->bound;
		if (!open_up_to(s, reached))
			break;
	}
	MemoryContextSwitchTo(old);
	return server == NULL ? ExecClearTuple(s->css.ss.ss_ScanTupleSlot) : mm_fanout_take(s, server);
}

/*
 * Close the cursors at once, and ask what they have read.
 */
static void
close_counted(MMFanoutState *s)
{
	MMFanoutServer **closed = palloc(sizeof(MMFanoutServer *) * s->nservers);
	int			n = 0;

	for (int i = 0; i < s->nservers; i++)
	{
		MMFanoutServer *server = &s->servers[i];

		if (server->cursor == NULL)
			continue;
		server->call.sql = psprintf("CLOSE %s", server->cursor);
		server->call.nparams = 0;
		server->call.prepare = false;
		server->cursor = NULL;
		closed[n++] = server;
	}
	mm_fanout_ask_counted(s, closed, n, true);
	pfree(closed);
}

static void
end_batches(MMFanoutState *s)
{
	if (mm_fanout_is_counted(s))
		close_counted(s);
	for (int i = 0; i < s->nservers; i++)
		if (s->servers[i].cursor != NULL)
			s->remote->close_cursor(&s->servers[i].call, s->servers[i].cursor);
}

const MMFanoutMode mm_fanout_batches = {
	.name = "batches",
	.begin = begin_batches,
	.next = next_row,
	.end = end_batches,
};

/*-------------------------------------------------------------------------
 *
 * work.c
 *	  What servers have read for a fan-out, for EXPLAIN ANALYZE.
 *
 * A server knows that when its search is over.  So it is asked by another statement
 * then (mmdb.last_statement_work), on the same connection, before anything else is
 * asked there.  That is one more round trip for each wave, only where somebody counts.
 * A server that has several partitions is asked for one after the other then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"

#include "fanout/fanout.h"

#define WORK_QUERY	"SELECT inner_pages + postings_pages, leaf_pages, verified FROM mmdb.last_statement_work()"
#define WORK_COUNTS	3

/*
 * Add what a server has answered.
 */
static void
add_work(const MMFanoutState *s, MMFanoutServer *server, const MMRemoteCall *call)
{
	int64		counts[WORK_COUNTS];

	if (call->missing || call->nrows != 1)
	{
		server->work_unknown = true;
		return;
	}
	for (int i = 0; i < WORK_COUNTS; i++)
	{
		int			length;
		const char *bytes = s->remote->value(call, 0, i, &length);
		uint64		number = 0;

		if (bytes == NULL)
		{
			server->work_unknown = true;
			return;
		}
		/* A bigint in binary form. */
		for (int b = 0; b < length; b++)
			number = number << 8 | (unsigned char) bytes[b];
		counts[i] = (int64) number;
	}
	server->inner_pages += counts[0];
	server->leaf_pages += counts[1];
	server->verified += counts[2];
}

/*
 * Ask servers, no two of which are one, what their last statements have read.
 */
static void
count_work(MMFanoutState *s, MMFanoutServer **servers, int n, bool in_transaction)
{
	MMRemoteCall *calls = palloc0(sizeof(MMRemoteCall) * Max(n, 1));
	MMFanoutServer **asked = palloc(sizeof(MMFanoutServer *) * Max(n, 1));
	int			nasked = 0;

	for (int i = 0; i < n; i++)
	{
		if (servers[i]->missing)
		{
			servers[i]->work_unknown = true;
			continue;
		}
		calls[nasked].serverid = servers[i]->call.serverid;
		calls[nasked].userid = servers[i]->call.userid;
		calls[nasked].sql = WORK_QUERY;
		calls[nasked].in_transaction = in_transaction || IsolationUsesXactSnapshot();
		calls[nasked].prepare = true;
		asked[nasked++] = servers[i];
	}
	s->remote->run(calls, nasked, mm_partial_answers);
	for (int i = 0; i < nasked; i++)
	{
		add_work(s, asked[i], &calls[i]);
		s->remote->release(&calls[i]);
	}
	pfree(calls);
	pfree(asked);
}

static bool
is_among(MMFanoutServer **servers, int n, Oid serverid)
{
	for (int i = 0; i < n; i++)
		if (servers[i]->serverid == serverid)
			return true;
	return false;
}

void
mm_fanout_ask_counted(MMFanoutState *s, MMFanoutServer **servers, int n, bool in_transaction)
{
	MMFanoutServer **round = palloc(sizeof(MMFanoutServer *) * Max(n, 1));
	MMFanoutServer **later = palloc(sizeof(MMFanoutServer *) * Max(n, 1));

	while (n > 0)
	{
		int			nround = 0;
		int			nlater = 0;

		for (int i = 0; i < n; i++)
		{
			if (is_among(round, nround, servers[i]->serverid))
				later[nlater++] = servers[i];
			else
				round[nround++] = servers[i];
		}
		mm_fanout_ask(s, round, nround, in_transaction);
		count_work(s, round, nround, in_transaction);
		servers = later;
		n = nlater;
	}
	pfree(round);
	pfree(later);
}

/*-------------------------------------------------------------------------
 *
 * sockets.c
 *	  Sets of the sockets of connections, to wait for several of them.
 *
 * To make a set takes a system call for each socket, and searches ask the same servers
 * again and again.  So one set is kept, with the sockets of connections that were waited
 * for by then.  It serves those who wait to read from some of them.  Connections that
 * are closed, or made anew, make it useless.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/memutils.h"

#include "shard/connection.h"

typedef struct KeptSet
{
	WaitEventSet *set;			/* NULL: there is none */
	int			n;
	MMConnection *conns[MM_MOST_KEPT_SOCKETS];
	uint64		generations[MM_MOST_KEPT_SOCKETS];	/* of these, when the set was made */
} KeptSet;

static KeptSet kept;

/*
 * Make a set for the sockets of n connections, with the events to wait for (WL_SOCKET_*).
 * The user data of each event is the connection; a set also wakes up for the latch.  The
 * caller frees it.
 */
WaitEventSet *
mm_sockets_set(int n, MMConnection *const *conns, const int *events)
{
	WaitEventSet *set = MM_CREATE_WAIT_EVENT_SET(n + 2);

	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	for (int i = 0; i < n; i++)
		AddWaitEventToSet(set, events[i], PQsocket(conns[i]->pg), NULL, conns[i]);
	return set;
}

/*
 * Forget the kept set.
 */
void
mm_sockets_drop(void)
{
	WaitEventSet *set = kept.set;

	kept.set = NULL;
	kept.n = 0;
	if (set != NULL)
		FreeWaitEventSet(set);
}

static bool
is_member(const MMConnection *conn, int n, MMConnection *const *conns)
{
	for (int i = 0; i < n; i++)
		if (conns[i] == conn)
			return true;
	return false;
}

/*
 * Does the kept set have the sockets of n connections, and no socket that is another by
 * now?
 */
static bool
kept_serves(int n, MMConnection *const *conns)
{
	if (kept.set == NULL)
		return false;
	for (int i = 0; i < kept.n; i++)
		if (kept.conns[i]->pg == NULL || kept.conns[i]->generation != kept.generations[i])
			return false;
	for (int i = 0; i < n; i++)
		if (!is_member(conns[i], kept.n, kept.conns))
			return false;
	return true;
}

static void
keep(MMConnection *conn)
{
	kept.conns[kept.n] = conn;
	kept.generations[kept.n++] = conn->generation;
}

/*
 * A set for reading from n connections, at most MM_MOST_KEPT_SOCKETS, which is kept for
 * the next time.  With others, it may wake up for other connections, too, if there is
 * something to be read from them.
 */
WaitEventSet *
mm_sockets_kept(int n, MMConnection *const *conns, bool others)
{
	KeptSet		old;
	MemoryContext context;
	int			events[MM_MOST_KEPT_SOCKETS];

	if (kept_serves(n, conns))
		return kept.set;
	old = kept;
	mm_sockets_drop();
	for (int i = 0; i < n; i++)
		keep(conns[i]);
	for (int i = 0; others && i < old.n && kept.n < MM_MOST_KEPT_SOCKETS; i++)
		if (old.conns[i]->pg != NULL && !old.conns[i]->connecting && !is_member(old.conns[i], n, conns))
			keep(old.conns[i]);
	for (int i = 0; i < kept.n; i++)
		events[i] = WL_SOCKET_READABLE;
	context = MemoryContextSwitchTo(TopMemoryContext);
	kept.set = mm_sockets_set(kept.n, kept.conns, events);
	MemoryContextSwitchTo(context);
	return kept.set;
}

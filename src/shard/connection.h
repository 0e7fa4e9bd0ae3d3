/*-------------------------------------------------------------------------
 *
 * connection.h
 *	  Connections of a backend to the servers that hold a distributed table.
 *
 * A connection is made from a server of postgres_fdw and a user mapping, as
 * postgres_fdw itself would make it, and is kept until the session ends or
 * either is altered.  Errors of a server are raised again here, with their
 * SQLSTATE, and name the server; a lost connection is an error of class 08.
 *
 * Everything here waits in a way that a cancel or a timeout can interrupt.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MMDB_SHARD_CONNECTION_H
#define MMDB_SHARD_CONNECTION_H

#include <libpq-fe.h>

#include "datatype/timestamp.h"
#include "lib/stringinfo.h"
#include "nodes/bitmapset.h"
#include "storage/latch.h"

#include "compat.h"

/* The wrapper whose servers can hold tables. */
#define MM_WRAPPER		"postgres_fdw"

/*
 * What a new session is told, in one round trip.  Values in statements are written for
 * these settings.
 */
#define MM_SESSION_SETTINGS \
	"SET search_path = pg_catalog; SET timezone = 'UTC'; SET datestyle = ISO; " \
	"SET intervalstyle = postgres; SET extra_float_digits = 3; SET array_nulls = on; " \
	"SET standard_conforming_strings = on; SET quote_all_identifiers = off; " \
	"SET plan_cache_mode = force_generic_plan"

/* Whose mapping, and for whom: two users may share the mapping of PUBLIC. */
typedef struct MMConnectionKey
{
	Oid			mapping;
	Oid			userid;
} MMConnectionKey;

typedef struct MMConnection
{
	MMConnectionKey key;		/* of the hash table; must be first */
	PGconn	   *pg;				/* NULL if it is not connected */
	Oid			serverid;
	char		server[NAMEDATALEN];	/* its name, for errors */
	uint32		server_hash;	/* of the catalogs' entries, for invalidation */
	uint32		mapping_hash;

	/*
	 * Levels of the transaction that is open at the server: 0 is none, 1 a
	 * transaction, n a savepoint for each subtransaction from 2 to n.
	 */
	int			depth;
	bool		connecting;		/* the session is not ready yet */
	int			configured;		/* settings that were sent to it */
	int			poll_for;		/* what connecting waits for: WL_SOCKET_* */
	TimestampTz deadline;		/* of connecting; 0 is none */
	Bitmapset  *dropped;		/* hosts that have taken too long */
	bool		password_required;
	bool		invalid;		/* the server or the mapping was altered */
	bool		busy;			/* a command was sent, and its end is not read */
	bool		end_sent;		/* and that command ends a transaction, and nobody waits for it */
	bool		wrote;			/* the open transaction may have changed something */
	bool		lost;			/* the connection was lost within the transaction */
	bool		fresh;			/* nothing was sent since it was made */
	int			unsent;			/* bytes of a COPY since it was last flushed */

	/* What is to be sent before the next command, in this order: see mm_before. */
	int			undone;			/* rolling back this level and what is above; 0: none */
	StringInfoData before;		/* commands that do not matter when the transaction ends */
	bool		forgotten;		/* that prepared statements, which are forgotten, are freed */

	uint64		generation;		/* counts connections made, to know prepared statements by */
	uint64		statements;		/* statements prepared, for their names */
} MMConnection;

/* Rows of a small result, as text. */
typedef struct MMRows
{
	int			nrows;
	int			ncolumns;
	char	  **values;			/* row by row; NULL for NULL */
} MMRows;

static inline char **
mm_row_value(const MMRows *rows, int row, int column)
{
	return &rows->values[row * rows->ncolumns + column];
}

/* A value; rows may be the call of a function, which is called once. */
#define MM_ROW_VALUE(rows, row, column) (*mm_row_value(rows, row, column))

/* Where and as whom to connect, as libpq wants it. */
typedef struct MMTarget
{
	const char **keywords;
	const char **values;
	int			n;
	bool		has_password;
	bool		password_required;
} MMTarget;

/* hosts.c */

/*
 * mm_hosts_drop: add the host that a connection is being made to to those that are
 * not to be tried any more.  Returns false if no other is left.
 *
 * mm_hosts_without: take those away from a target's hosts and ports.
 */
extern bool mm_hosts_drop(MMTarget *target, Bitmapset **dropped, const PGconn *pg);
extern void mm_hosts_without(MMTarget *target, const Bitmapset *dropped);

/* connection.c */
extern MMConnection *mm_connection(Oid serverid, Oid userid);
extern MMConnection *mm_connect(Oid serverid, Oid userid);
extern void mm_disconnect(MMConnection *conn);
extern void mm_connection_each(void (*visit) (MMConnection *conn, void *arg), void *arg);
extern void mm_connection_wait(MMConnection *conn, int events);
extern void mm_connection_alive(MMConnection *conn);
extern void mm_connection_start(MMConnection *conn);
extern int	mm_connection_poll(MMConnection *conn);
extern int	mm_connection_timeout(MMConnection *conn);
extern void mm_connection_init(void);

/* statement.c */
extern void mm_catch_up(MMConnection *conn, const char *sql);
extern MMRows *mm_exec(MMConnection *conn, const char *sql);
extern MMRows *mm_exec_params(MMConnection *conn, const char *sql, int nparams,
							  const char *const *values);
extern pg_noreturn void mm_remote_error(MMConnection *conn, PGresult *result, const char *sql);
extern void mm_copy_begin(MMConnection *conn, const char *sql);
extern void mm_copy_put(MMConnection *conn, const char *data, int length);
extern void mm_copy_last(MMConnection *conn);
extern void mm_copy_end(MMConnection *conn);
extern void mm_exec_end(MMConnection *conn, const char *sql);
extern int	mm_copy_get(MMConnection *conn, char **data);

/* sockets.c */
#define MM_MOST_KEPT_SOCKETS	64

extern WaitEventSet *mm_sockets_set(int n, MMConnection *const *conns, const int *events);
extern WaitEventSet *mm_sockets_kept(int n, MMConnection *const *conns, bool others);
extern void mm_sockets_drop(void);

/* transaction.c */
extern void mm_begin(MMConnection *conn, bool writes);
extern char *mm_begin_sql(const MMConnection *conn);
extern void mm_undo(MMConnection *conn, int depth);
extern void mm_begun(MMConnection *conn);
extern char *mm_before(MMConnection *conn);
extern void mm_transaction_init(void);

#endif							/* MMDB_SHARD_CONNECTION_H */

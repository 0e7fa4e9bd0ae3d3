/*-------------------------------------------------------------------------
 *
 * remote.h
 *	  Statements run on several servers at once: what mmdb asks of mmdb_shard.
 *
 * The library mmdb_shard needs libpq, and is loaded when the first search of a
 * distributed table begins.  This header is all that the two libraries share;
 * nothing of libpq is in it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_REMOTE_H
#define MM_REMOTE_H

#define MM_REMOTE_LIBRARY	"$libdir/mmdb_shard"
#define MM_REMOTE_FUNCTION	"mm_remote"

/*
 * A statement for a server, and its result.
 */
typedef struct MMRemoteCall
{
	/* the caller's */
	Oid			serverid;
	Oid			userid;			/* whose user mapping it is */
	const char *sql;
	int			nparams;
	const char *const *values;	/* NULL for NULL */
	const int  *lengths;
	const int  *formats;		/* 1: binary, 0: text */
	bool		in_transaction; /* that ends with the local one, and is opened if need be */
	bool		prepare;		/* it will be run again */

	/* mmdb_shard's */
	void	   *connection;
	void	   *holder;			/* frees the result */
	void	   *result;			/* until the memory context of the call is reset */
	int			nrows;
	int			state;
	bool		retried;
	int			depth;			/* of the connection's transaction before the call */
	bool		failed;			/* the result is an error */
	bool		missing;		/* the server could not be asked (with partial) */
} MMRemoteCall;

typedef struct MMRemoteRoutine
{
	/*
	 * Run statements, in parallel, and wait for all.  Results are kept as long as
	 * the current memory context.  Errors are raised; they name the server, and a
	 * lost connection is one of class 08.  With partial, such an error is a
	 * warning, and the call is missing.  A statement that runs in no transaction
	 * is sent once more if its connection turns out to be lost before it answers.
	 */
	void		(*run) (MMRemoteCall *calls, int ncalls, bool partial);

	/*
	 * Free a call's result, if it has one, before its context is reset.
	 */
	void		(*release) (MMRemoteCall *call);

	/*
	 * A value of a result, which is binary; NULL for NULL.
	 */
	const char *(*value) (const MMRemoteCall *call, int row, int column, int *length);

	/*
	 * The number of columns of a result, and the type of one as the server knows
	 * it.
	 */
	int			(*ncolumns) (const MMRemoteCall *call);
	Oid			(*type) (const MMRemoteCall *call, int column);

	/*
	 * Close a cursor, when the connection is used the next time.  Does nothing if
	 * the call's transaction is over.
	 */
	void		(*close_cursor) (const MMRemoteCall *call, const char *cursor);
} MMRemoteRoutine;

/* The function that mmdb looks up by its name. */
typedef const MMRemoteRoutine *(*MMRemoteFunction) (void);

#endif							/* MM_REMOTE_H */

/*-------------------------------------------------------------------------
 *
 * operations.h
 *	  Operations on distributed tables: what their files share.
 *
 * All run with search_path = pg_catalog, pg_temp (operations.sql), so names in
 * SQL that is built here need no schema if they are PostgreSQL's own.
 *
 * Locks.  An operation locks the table here first and at the servers later, and
 * takes the strongest lock here before the strongest one there: a session that
 * uses the table holds its lock here while it waits for a server, and nobody
 * would see a deadlock over several servers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_OPERATIONS_H
#define MM_OPERATIONS_H

#include "shard/connection.h"

/* A server's part of a distributed table. */
typedef struct MMPart
{
	Oid			serverid;
	const char *server;			/* its name */
	Oid			foreign_table;	/* InvalidOid: none yet */
	char	   *foreign_name;	/* of that, with its schema and quotes */
	char	   *remote_name;	/* of the table there, likewise */
	int			nregions;
	int		   *regions;
	MMConnection *conn;			/* NULL: not connected */
} MMPart;

/* A distributed table. */
typedef struct MMDistributed
{
	Oid			relid;
	char	   *schema;
	char	   *name;
	char	   *qualified;		/* with its schema and quotes */
	char	   *tree;			/* as text */
	char	   *key;			/* the partition key: mm_region(...) */
	int			nparts;
	MMPart	   *parts;			/* with room for one more */
} MMDistributed;

/* local.c: SQL here. */
extern MMRows *mm_local(const char *format,...) pg_attribute_printf(1, 2);
extern char *mm_local_value(const char *format,...) pg_attribute_printf(1, 2);
extern void mm_require_operator(FunctionCallInfo fcinfo, int narguments, const char *operation);
extern char *mm_name_of_region(const char *table, int region);
extern char *mm_qualified(const char *schema, const char *name);

/* How an operation copies what others change meanwhile. */
typedef struct MMFollow
{
	int64		(*compare) (void *arg, int64 most); /* finds changes, unless there are more;
													 * returns how many there are */
	void		(*copy) (void *arg);	/* copies those that were found last */
	void		(*renew) (void *arg);	/* forgets them: they are copied */
	void	   *arg;
} MMFollow;

/* lock.c: locks that let others pass while they are waited for. */
typedef struct MMLocks
{
	const char *table;			/* here, with its schema and quotes */
	const char *mode;			/* as LOCK TABLE has it */
	int			nservers;
	MMConnection *const *conns;
	const char *const *there;	/* what LOCK TABLE is to lock at each; NULL: nothing */
	const MMFollow *follow;		/* NULL: nothing is copied */
} MMLocks;

extern void mm_lock_operation(Oid relid);
extern void mm_lock_all(const MMLocks *locks);
extern void mm_lock_table(const char *table, const char *mode);

/* picture.c: what has changed since rows were copied. */
typedef struct MMPicture
{
	MMConnection *conn;			/* where the rows are; NULL: here */
	const char *table;			/* whose they are */
	char	   *seen;			/* a table: the rows as they were */
	char	   *gone;			/* a table: which of them are gone */
	char	   *added;			/* a table: which have been added */
	int64		ngone;
	int64		nadded;
} MMPicture;

extern MMPicture *mm_picture_take(MMConnection *conn, const char *table, const char *schema, const char *name,
								  const char *suffix);
extern int64 mm_picture_compare(MMPicture *picture, int64 most);
extern void mm_picture_renew(MMPicture *picture);
extern void mm_picture_drop(MMPicture *picture);
extern void mm_follow_changes(const MMFollow *follow);

/* Rows to be removed from a copy. */
typedef struct MMRemoval
{
	MMConnection *conn;			/* where the copy is; NULL: here */
	const char *table;			/* the copy */
	const char *columns;		/* by which rows are found */
	char	   *rows;			/* a table: those to be removed, with some of the columns */
	char	   *hashes;			/* a table: hashes of the copy's rows */
	bool		prepared;
} MMRemoval;

extern MMRemoval *mm_removal_begin(MMConnection *conn, const char *table, const char *columns, const char *schema,
								   const char *name, const char *suffix);
extern void mm_removal_prepare(MMRemoval *removal);
extern int64 mm_removal_run(MMRemoval *removal);
extern void mm_removal_drop(MMRemoval *removal);

/* distributed.c: what the catalogs know of a distributed table. */
extern MMDistributed *mm_distributed_read(Oid relid);
extern Oid	mm_server_by_name(const char *name);
extern void mm_part_connect(MMPart *part);
extern void mm_distributed_connect(MMDistributed *table);
extern int	mm_distributed_region(const MMDistributed *table, int region);
extern char *mm_key_of_tree(const char *tree);

/* definition.c: a table's definition, for its servers. */
extern char *mm_definition_columns(Oid relid);
extern char *mm_definition_names(Oid relid);
extern char *mm_definition_values(Oid relid, const char *row);
extern char *mm_definition_rights(Oid relid, const char *target, Oid serverid);
extern List *mm_definition_indexes(Oid relid, bool unique_too);
extern char *mm_definition_index_for(const char *definition, const char *table, const char *target);

/* stream.c: rows to servers. */
extern int64 mm_stream_query(const MMDistributed *table, const char *query, const char *columns);
extern int64 mm_stream_fetch(MMConnection *conn, const char *remote_name, const char *columns, Oid target);

/* together.c: commands at several servers at once, and their common end. */
extern void mm_exec_together(int n, MMConnection *const *conns, const char *const *sql, bool single);
extern void mm_begin_together(const char *operation);
extern bool mm_is_operating(void);
extern void mm_finish_together(int n, MMConnection *const *conns);
extern char *mm_prepared_prefix(void);
extern void mm_together_init(void);

/* distribute.c: a part's table, there and here. */
extern void mm_create_remote_table(const MMDistributed *table, const MMPart *part);
extern void mm_create_foreign_table(const MMDistributed *table, MMPart *part);

/* servers.c */
extern void mm_check_server(MMConnection *conn);
extern bool mm_lists_mmdb(Oid serverid);
extern void mm_check_apart(int n, MMConnection *const *conns);

#endif							/* MM_OPERATIONS_H */

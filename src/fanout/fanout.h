/*-------------------------------------------------------------------------
 *
 * fanout.h
 *	  The custom scan of a table whose partitions are on other servers.
 *
 * The scan is on the parent.  Each partition is a foreign table of postgres_fdw;
 * its server is sent one statement, with the conditions, the order and the limit,
 * and answers it by its own index.  The answers are merged here.
 *
 * Values.  An expression that is sent (MMShipped) has parameters in the places of
 * what is the same for all rows; these values are computed here, once for a scan.
 * So one text serves all queries of a kind, and nothing that is not immutable is
 * computed elsewhere.
 *
 * The functions marked PGDLLEXPORT are also called by the library mmdb_shard.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_FANOUT_H
#define MM_FANOUT_H

#include "nodes/execnodes.h"
#include "nodes/extensible.h"
#include "nodes/pathnodes.h"

#include "compat.h"
#include "fanout/remote.h"
#include "plan/plan.h"
#include "region/region.h"

/* ---------- what the planner decides ---------- */

/* In place of an attribute's number: the value of the order. */
#define MM_FANOUT_KEY	10000

typedef struct MMFanoutPlan
{
	bool		descending;
	bool		nulls_first;
	bool		limited;		/* limit and offset bound the rows read */
	bool		within;			/* a condition on a distance is sent */
	Index		relid;			/* of the parent, as the expressions below have it */
	Expr	   *key;			/* the order, as it is sent; NULL: none */
	List	   *conditions;		/* those that are sent, as they are sent */
	List	   *values;			/* of the parameters in these */
	Expr	   *limit;			/* NULL: none */
	Expr	   *offset;
	List	   *partitions;		/* OIDs of the foreign tables */
	List	   *columns;		/* of a row of the scan: attributes of the parent, 0 for
								 * the whole row, MM_FANOUT_KEY */
	List	   *plain;			/* for each of these, its column in the plain plan's rows;
								 * 0: there is none */
	MMScanPlan *sums;			/* for the bounds of regions: the order's sum, or the
								 * conditions'; NULL: not known */
	MMScanPlan *recorded;		/* the same over the columns of one of the parent's
								 * indexes, for the statistics of queries; or NULL */
} MMFanoutPlan;

/* plan_fanout.c */

/*
 * mm_fanout_init: offer these scans to the planner from now on.
 */
extern void mm_fanout_init(void);

/* fanout_lists.c */

/*
 * mm_fanout_pack, mm_fanout_unpack: a plan as the lists of a CustomScan and back.
 * The values, limit and offset are custom_exprs, all else is custom_private.
 */
extern void mm_fanout_pack(const MMFanoutPlan *plan, List **exprs, List **private);
extern MMFanoutPlan *mm_fanout_unpack(List *exprs, List *private);

/* ship.c */

typedef struct MMShipping
{
	PlannerInfo *root;
	Index		relid;
	List	   *extensions;		/* OIDs of those that all servers have */
	List	   *values;			/* of parameters so far */
} MMShipping;

/*
 * mm_ship: an expression as it is sent; NULL if it cannot be.  It is sent if its
 * functions are immutable, and PostgreSQL's own or those of extensions that the
 * servers have, too.
 */
extern Expr *mm_ship(MMShipping *shipping, Expr *expr);

/*
 * mm_server_extensions: the extensions that a server has, by its option
 * "extensions".
 */
extern PGDLLEXPORT List *mm_server_extensions(Oid serverid);

/*
 * mm_is_binary_safe: do values of a type mean the same in binary form on another
 * server?
 */
extern PGDLLEXPORT bool mm_is_binary_safe(Oid type);

/* deparse.c */

/*
 * A partition that is a foreign table, and its parent, whose columns expressions
 * are about.
 */
typedef struct MMRemoteTable
{
	Oid			parent;
	Oid			relid;
} MMRemoteTable;

/*
 * mm_deparse: append a shipped expression as SQL about the remote table.
 *
 * mm_deparse_table, mm_deparse_column: append their names.
 *
 * mm_deparse_type: append a type's name.
 */
extern void mm_deparse(StringInfo sql, Expr *expr, const MMRemoteTable *table);
extern void mm_deparse_table(StringInfo sql, const MMRemoteTable *table);
extern void mm_deparse_column(StringInfo sql, const MMRemoteTable *table, AttrNumber attnum);
extern void mm_deparse_type(StringInfo sql, Oid type, int32 typmod);

/* tree_cache.c */

/*
 * mm_fanout_tree: a region tree that is read, which lasts as long as the transaction
 * or the current memory context.
 */
extern const MMRegionTree *mm_fanout_tree(Datum value);

/* region_sum.c */

/*
 * mm_fanout_tree_columns: the columns of a region tree as those of an index.
 *
 * mm_fanout_match: the sum by which servers are bounded, of a query's order (NULL:
 * none) or else of one of the conditions (RestrictInfos), as a plan with one driver.
 * NULL if there is none, or if the table (relid) is not divided by a tree.
 *
 * mm_fanout_match_index: the same sum over the columns of an index of the table; NULL
 * if no index has it.
 *
 * mm_fanout_offers: all indexes of the table (MMOffer), as far as what they have is
 * concerned.
 */
extern MMColumns *mm_fanout_tree_columns(const MMRegionTree *tree);
extern MMScanPlan *mm_fanout_match_index(PlannerInfo *root, RelOptInfo *rel, Oid relid, Expr *key,
										 bool descending, List *clauses);
extern List *mm_fanout_offers(PlannerInfo *root, RelOptInfo *rel, Oid relid);
extern MMScanPlan *mm_fanout_match(PlannerInfo *root, RelOptInfo *rel, Oid relid, Expr *key,
								   bool descending, List *clauses);

/* ---------- at run time ---------- */

/*
 * A server's part: one partition.
 */
typedef struct MMFanoutServer
{
	Oid			relid;			/* the foreign table */
	Oid			serverid;
	const char *name;
	double		bound;			/* what values are at least there */
	int			wave;			/* in which it was asked; 0: it was not */
	bool		missing;		/* it could not be asked */
	bool		more;			/* it may have more rows than it has sent */
	MMRemoteCall call;
	int			row;			/* the next one of the call's result */
	char	   *cursor;			/* NULL: it is not open */
	double		value;			/* of the next row's key, as -Infinity .. Infinity */
	bool		isnull;			/* ditto */

	/* over all scans */
	int64		rows;
	int64		statements;
	/* if somebody counts: */
	bool		work_unknown;	/* what follows is not all */
	int64		inner_pages;	/* and those of inverted indexes */
	int64		leaf_pages;
	int64		verified;
} MMFanoutServer;

/*
 * How a column of the answers becomes a value.
 */
typedef struct MMFanoutColumn
{
	AttrNumber	attnum;			/* of the parent; MM_FANOUT_KEY */
	Oid			type;
	int32		typmod;
	bool		text;			/* it is sent as text */
	FmgrInfo	input;
	Oid			ioparam;
} MMFanoutColumn;

typedef struct MMFanoutState MMFanoutState;

/*
 * How a scan proceeds.
 */
typedef struct MMFanoutMode
{
	const char *name;
	void		(*begin) (MMFanoutState *s);
	TupleTableSlot *(*next) (MMFanoutState *s);
	void		(*end) (MMFanoutState *s);
} MMFanoutMode;

struct MMFanoutState
{
	CustomScanState css;
	MMFanoutPlan *plan;
	const MMRemoteRoutine *remote;
	bool		is_plain;		/* the plain plan is run */
	List	   *values;			/* ExprStates */
	ExprState  *limit;
	ExprState  *offset;
	int			ncolumns;		/* of the answers */
	MMFanoutColumn *columns;
	int			key;			/* the column of the key; -1: there is none */
	Bitmapset  *used;			/* columns of a row that the plan uses */
	int		   *sources;		/* for each column of a row: its column of the answers;
								 * -1: it is not needed, or made here */
	int			nservers;
	MMFanoutServer *servers;
	MMFanoutServer **by_bound;	/* the same, least bounds first */
	struct MMFanoutBounds *bounding;	/* NULL: there are no bounds */
	struct MMFanoutRecording *recording;	/* NULL: searches are not recorded */

	/* for one scan */
	const MMFanoutMode *mode;	/* NULL: it has not begun */
	MemoryContext context;
	MemoryContext row_context;	/* of the row in the slot */
	int			nparams;
	const char **param_values;
	int		   *param_lengths;
	int		   *param_formats;
	bool		no_rows;		/* a bound is NULL */
	int64		k;				/* number of rows wanted; 0: not known */
	int64		returned;
	int64		guess;			/* how many rows may be; 0: no idea */
	int64		batch;			/* rows of the last statement */
	int			wave;			/* the last one */
	double		radius;			/* values above are not wanted, Infinity: none */

	/* over all scans */
	int64		scans;
	int64		waves;
};

/* values.c */

/*
 * mm_fanout_columns: decide which columns to ask for: those that the plan uses.
 *
 * mm_fanout_parameters: evaluate the values and put them into the form in which
 * they are sent, in the current context.
 *
 * mm_fanout_check_types: raise an error if a server's columns have other types.
 *
 * mm_fanout_key: the next row's value of the order, of a server that has one.
 *
 * mm_fanout_store: put that row into the scan's slot.
 */
extern void mm_fanout_columns(MMFanoutState *s);
extern void mm_fanout_parameters(MMFanoutState *s);
extern void mm_fanout_check_types(MMFanoutState *s, const MMFanoutServer *server);
extern void mm_fanout_key(MMFanoutState *s, MMFanoutServer *server);
extern TupleTableSlot *mm_fanout_store(MMFanoutState *s, const MMFanoutServer *server);

/* statements.c */

/*
 * mm_fanout_sql: the statement for a server.  limit is 0 for none.  With bounded,
 * it has one more parameter, and only rows whose value is at most that are wanted.
 *
 * mm_fanout_ask: run the statements of some servers, in parallel.
 *
 * mm_fanout_forget: make all servers as if nothing had been asked.
 */
extern char *mm_fanout_sql(const MMFanoutState *s, const MMFanoutServer *server, int64 limit,
						   bool bounded);
extern void mm_fanout_ask(MMFanoutState *s, MMFanoutServer **servers, int n, bool in_transaction);
extern void mm_fanout_forget(MMFanoutState *s);

/* record_fanout.c */

/*
 * mm_fanout_record_init: get ready to record searches, if the plan allows it.
 *
 * mm_fanout_record_begin_step, mm_fanout_record_end_step: called around each step of a
 * scan, that is, around what finds its next row.  The first one decides whether the scan
 * is recorded.
 *
 * mm_fanout_record_begin: called when a scan has begun, and its values are known.
 *
 * mm_fanout_record_row: called for each row that the scan returns.
 *
 * mm_fanout_record_end: called when it has ended.
 */
extern void mm_fanout_record_init(MMFanoutState *s);
extern void mm_fanout_record_begin_step(MMFanoutState *s);
extern void mm_fanout_record_end_step(MMFanoutState *s);
extern void mm_fanout_record_begin(MMFanoutState *s);
extern void mm_fanout_record_row(MMFanoutState *s);
extern void mm_fanout_record_end(MMFanoutState *s);

/* work.c */

/*
 * mm_fanout_is_counted: is the scan to be explained, with what it took?
 *
 * mm_fanout_ask_counted: run the statements of some servers, each of which ends a search,
 * and ask what these have read.
 */
static inline bool
mm_fanout_is_counted(const MMFanoutState *s)
{
	return s->css.ss.ps.instrument != NULL;
}

extern void mm_fanout_ask_counted(MMFanoutState *s, MMFanoutServer **servers, int n,
								  bool in_transaction);

/* texts.c */

/*
 * mm_fanout_text: the same as mm_fanout_sql, remembered from an earlier search if there
 * was one of the kind.
 */
extern char *mm_fanout_text(const MMFanoutState *s, const MMFanoutServer *server, int64 limit,
							bool bounded);

/* The setting mmdb.partial_answers. */
extern bool mm_partial_answers;

/* bounds.c */

/*
 * mm_fanout_bounds_init: get ready to bound servers.
 *
 * mm_fanout_bounds_begin: set the bounds of all servers, and the scan's radius,
 * for the values of one scan, and by_bound.
 */
extern void mm_fanout_bounds_init(MMFanoutState *s);
extern void mm_fanout_bounds_begin(MMFanoutState *s);

/* merge.c */

/*
 * mm_fanout_next: the server whose next row comes first, among those that have one;
 * NULL if none has.
 *
 * mm_fanout_take: put a server's next row into the scan's slot, and go on to the one
 * after it.
 */
extern MMFanoutServer *mm_fanout_next(MMFanoutState *s);
extern TupleTableSlot *mm_fanout_take(MMFanoutState *s, MMFanoutServer *server);

/* waves.c, batches.c */

/* The number of rows wanted is known, or a radius: all are fetched before the first. */
extern const MMFanoutMode mm_fanout_waves;

/* It is not: rows are fetched in batches. */
extern const MMFanoutMode mm_fanout_batches;

/* fanout_node.c */
extern const CustomScanMethods mm_fanout_methods;

/* explain_fanout.c */
extern void mm_fanout_explain(CustomScanState *node, List *ancestors, ExplainState *es);

#endif							/* MM_FANOUT_H */

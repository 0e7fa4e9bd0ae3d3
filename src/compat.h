/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  The differences between PostgreSQL 14 and 18, in one place.
 *
 * Code elsewhere is written as for the newest version; what an older one
 * lacks is supplied here under the newer name.  No other file looks at
 * PG_VERSION_NUM.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MMDB_COMPAT_H
#define MMDB_COMPAT_H

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_proc.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"
#include "optimizer/appendinfo.h"
#include "optimizer/paths.h"
#include "parser/analyze.h"
#include "parser/parse_relation.h"
#include "parser/parse_type.h"
#include "storage/bufmgr.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

#if PG_VERSION_NUM < 140000
#error "mmdb needs PostgreSQL 14 or newer"
#endif

/* EXPLAIN's output has a header of its own since 18. */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#else
#include "commands/explain.h"
#endif

#if PG_VERSION_NUM >= 170000
#include "storage/dsm_registry.h"
#include "storage/read_stream.h"
#endif

#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#include "varatt.h"
#endif

/*
 * Soft errors of input functions came with 16: before that an input function
 * can only throw.
 */
#if PG_VERSION_NUM < 160000

#define ereturn(escontext, dummy_value, ...) \
	do { \
		(void) (escontext); \
		ereport(ERROR, __VA_ARGS__); \
		return dummy_value; \
	} while (0)

static inline bool
InputFunctionCallSafe(FmgrInfo *flinfo, char *str, Oid typioparam,
					  int32 typmod, Node *escontext, Datum *result)
{
	(void) escontext;
	*result = InputFunctionCall(flinfo, str, typioparam, typmod);
	return true;
}

static inline bool
DirectInputFunctionCallSafe(PGFunction func, char *str, Oid typioparam,
							int32 typmod, Node *escontext, Datum *result)
{
	(void) escontext;
	*result = DirectFunctionCall3(func, CStringGetDatum(str),
								  ObjectIdGetDatum(typioparam),
								  Int32GetDatum(typmod));
	return true;
}

#endif

/*
 * Parse the name of a type; false after a soft error.
 */
static inline bool
mm_parse_type(const char *name, Oid *type, Node *escontext)
{
	int32		typmod;

#if PG_VERSION_NUM >= 160000
	return parseTypeString(name, type, &typmod, escontext);
#else
	parseTypeString(name, type, &typmod, false);
	return true;
#endif
}

/*
 * The parts of a qualified name, as a list for functions that look it up.
 */
static inline List *
mm_name_list(const char *name)
{
#if PG_VERSION_NUM >= 160000
	return stringToQualifiedNameList(name, NULL);
#else
	return stringToQualifiedNameList(name);
#endif
}

#if PG_VERSION_NUM < 150000
#define MarkGUCPrefixReserved(prefix)	EmitWarningsOnPlaceholders(prefix)

/* The number that a text is, or an error. */
static inline int64
pg_strtoint64(const char *text)
{
	return DatumGetInt64(DirectFunctionCall1(int8in, CStringGetDatum(text)));
}

/*
 * The set-up of a function that returns its rows in a tuplestore.  (Before 15,
 * each wrote its own.)
 */
#define MAT_SRF_USE_EXPECTED_DESC 0x01

static inline void
InitMaterializedSRF(FunctionCallInfo fcinfo, bits32 flags)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext old;

	if (rsinfo == NULL || !IsA(rsinfo, ReturnSetInfo) ||
		!(rsinfo->allowedModes & SFRM_Materialize))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));
	old = MemoryContextSwitchTo(rsinfo->econtext->ecxt_per_query_memory);
	if ((flags & MAT_SRF_USE_EXPECTED_DESC) != 0)
		rsinfo->setDesc = CreateTupleDescCopy(rsinfo->expectedDesc);
	else if (get_call_result_type(fcinfo, NULL, &rsinfo->setDesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	rsinfo->returnMode = SFRM_Materialize;
	rsinfo->setResult =
		tuplestore_begin_heap((rsinfo->allowedModes & SFRM_Materialize_Random) != 0,
							  false, work_mem);
	MemoryContextSwitchTo(old);
}
#endif

#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* get_opfamily_name of lsyscache.h came with 18. */
#if PG_VERSION_NUM < 180000
static inline char *
get_opfamily_name(Oid opfamily, bool missing_ok)
{
	HeapTuple	tuple = SearchSysCache1(OPFAMILYOID, ObjectIdGetDatum(opfamily));
	char	   *result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator family %u", opfamily);
	result = pstrdup(NameStr(((Form_pg_opfamily) GETSTRUCT(tuple))->opfname));
	ReleaseSysCache(tuple);
	return result;
}
#endif

/*
 * Is a NOT NULL constraint known to hold for all rows?  Since 18 it may be
 * NOT VALID.
 */
static inline bool
mm_not_null_is_valid(Oid relid, AttrNumber attnum)
{
#if PG_VERSION_NUM >= 180000
	HeapTuple	tuple = findNotNullConstraintAttnum(relid, attnum);

	return HeapTupleIsValid(tuple) &&
		((Form_pg_constraint) GETSTRUCT(tuple))->convalidated;
#else
	(void) relid;
	(void) attnum;
	return true;
#endif
}

/* Infinite intervals came with 17. */
#if PG_VERSION_NUM < 170000
#define INTERVAL_IS_NOBEGIN(i)	((void) (i), false)
#define INTERVAL_IS_NOEND(i)	((void) (i), false)
#endif

/* Maintenance by others than the owner has a safe search_path since 17. */
#if PG_VERSION_NUM >= 170000
#define mm_restrict_search_path()	RestrictSearchPath()
#else
#define mm_restrict_search_path()	((void) 0)
#endif

/* vacuum_delay_point tells ANALYZE from VACUUM since 18. */
#if PG_VERSION_NUM >= 180000
#define mm_vacuum_delay_point()		vacuum_delay_point(false)
#else
#define mm_vacuum_delay_point()		vacuum_delay_point()
#endif

/* Columns that no row holds came with 18. */
#if PG_VERSION_NUM >= 180000
#define MM_HAS_VIRTUAL_COLUMNS(desc) \
	((desc)->constr != NULL && (desc)->constr->has_generated_virtual)
#else
#define MM_HAS_VIRTUAL_COLUMNS(desc)	((void) (desc), false)
#endif

/*
 * Set how the values of an attribute are stored.  Since 18 descriptors have that
 * twice.
 */
static inline void
mm_set_attribute_storage(TupleDesc desc, int i, int16 len, char align, bool byval)
{
	Form_pg_attribute att = TupleDescAttr(desc, i);

	att->attlen = len;
	att->attalign = align;
	att->attbyval = byval;
#if PG_VERSION_NUM >= 180000
	populate_compact_attribute(desc, i);
#endif
}

/* What must not be planned: by cost, and since 18 by a count that goes first. */
#if PG_VERSION_NUM >= 180000
#define MM_DISABLE_PATH(path)	((path)->disabled_nodes = 1000)
#else
#define MM_DISABLE_PATH(path)	((void) (path))
#endif

/* The bound up to which tuplesort_getdatum copies what it returns, since 16. */
#if PG_VERSION_NUM >= 160000
#define MM_TUPLESORT_GETDATUM(sort, forward, value, isnull) \
	tuplesort_getdatum(sort, forward, false, value, isnull, NULL)
#else
#define MM_TUPLESORT_GETDATUM(sort, forward, value, isnull) \
	tuplesort_getdatum(sort, forward, value, isnull, NULL)
#endif

/* A sort that is to be bounded says so since 15. */
#if PG_VERSION_NUM < 150000
#define TUPLESORT_NONE			false
#define TUPLESORT_ALLOWBOUNDED	false
#endif

/* Custom scans that project say so since 15. */
#if PG_VERSION_NUM < 150000
#define CUSTOMPATH_SUPPORT_PROJECTION	0
#endif

/*
 * The member of an equivalence class that is about these relations, and perhaps
 * about those of others; NULL if there is none.  Since 18 members of children
 * are kept apart.
 */
static inline Expr *
mm_ec_member_of(EquivalenceClass *ec, Relids relids, Relids others)
{
	Relids		most = bms_union(relids, others);
	EquivalenceMember *em;

#if PG_VERSION_NUM >= 180000
	EquivalenceMemberIterator it;

	setup_eclass_member_iterator(&it, ec, relids);
	while ((em = eclass_member_iterator_next(&it)) != NULL)
		if (bms_is_subset(relids, em->em_relids) && bms_is_subset(em->em_relids, most))
			return em->em_expr;
#else
	ListCell   *lc;

	foreach(lc, ec->ec_members)
	{
		em = lfirst(lc);
		if (bms_is_subset(relids, em->em_relids) && bms_is_subset(em->em_relids, most))
			return em->em_expr;
	}
#endif
	return NULL;
}

/*
 * Take a member from a set of relations; an empty one is always NULL since 17.
 */
static inline Relids
mm_relids_without(Relids relids, int member)
{
	relids = bms_del_member(relids, member);
	return bms_is_empty(relids) ? NULL : relids;
}

/* A pathkey's direction is a comparison since 18. */
#if PG_VERSION_NUM >= 180000
#define MM_PATHKEY_ASCENDING(key)	((key)->pk_cmptype == COMPARE_LT)
#else
#define MM_PATHKEY_ASCENDING(key)	((key)->pk_strategy == BTLessStrategyNumber)
#endif

/*
 * Translate a node from a partitioned relation to one of its children.
 */
static inline Node *
mm_adjust_to_child(PlannerInfo *root, Node *node, RelOptInfo *child)
{
#if PG_VERSION_NUM >= 160000
	return adjust_appendrel_attrs_multilevel(root, node, child, child->top_parent);
#else
	return adjust_appendrel_attrs_multilevel(root, node, child->relids,
											 child->top_parent_relids);
#endif
}


/* From this transaction number on, VACUUM is urgent; its place was renamed in 17. */
#if PG_VERSION_NUM >= 170000
#define MM_XID_VACUUM_LIMIT		(TransamVariables->xidVacLimit)
#else
#define MM_XID_VACUUM_LIMIT		(ShmemVariableCache->xidVacLimit)
#endif

/* What names a relation's file: a node until 15, then a locator. */
#if PG_VERSION_NUM >= 160000
#define MMReadRecentBuffer(rel, block, buffer) \
	ReadRecentBuffer((rel)->rd_locator, MAIN_FORKNUM, block, buffer)
#else
#define MMReadRecentBuffer(rel, block, buffer) \
	ReadRecentBuffer((rel)->rd_node, MAIN_FORKNUM, block, buffer)
#endif

/* A generation context takes a minimum and a maximum of block sizes since 15. */
#if PG_VERSION_NUM >= 150000
#define MM_GENERATION_CONTEXT(parent, name) \
	GenerationContextCreate(parent, name, ALLOCSET_DEFAULT_SIZES)
#else
#define MM_GENERATION_CONTEXT(parent, name) \
	GenerationContextCreate(parent, name, ALLOCSET_DEFAULT_MAXSIZE)
#endif

/* Sets of events belong to a resource owner since 17. */
#if PG_VERSION_NUM >= 170000
#define MM_CREATE_WAIT_EVENT_SET(n)	CreateWaitEventSet(NULL, n)
#else
#define MM_CREATE_WAIT_EVENT_SET(n)	CreateWaitEventSet(CurrentMemoryContext, n)
#endif

/*
 * May the user execute a function?
 */
static inline bool
mm_may_execute(Oid function)
{
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(ProcedureRelationId, function, GetUserId(),
						   ACL_EXECUTE) == ACLCHECK_OK;
#else
	return pg_proc_aclcheck(function, GetUserId(), ACL_EXECUTE) == ACLCHECK_OK;
#endif
}

/*
 * May the user use a schema?
 */
static inline bool
mm_may_use_schema(Oid schema)
{
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(NamespaceRelationId, schema, GetUserId(), ACL_USAGE) == ACLCHECK_OK;
#else
	return pg_namespace_aclcheck(schema, GetUserId(), ACL_USAGE) == ACLCHECK_OK;
#endif
}

/*
 * Parse analysis and rewriting of a statement that may have parameters of any
 * types; one function since 15.
 */
static inline List *
mm_analyze_and_rewrite(RawStmt *statement, const char *text)
{
	Oid		   *types = NULL;
	int			n = 0;

#if PG_VERSION_NUM >= 150000
	return pg_analyze_and_rewrite_varparams(statement, text, &types, &n, NULL);
#else
	return pg_rewrite_query(parse_analyze_varparams(statement, text, &types, &n));
#endif
}

/*
 * The same for a statement whose n parameters have these types; renamed in 15.
 */
static inline List *
mm_analyze_with_types(RawStmt *statement, const char *text, Oid *types, int n)
{
#if PG_VERSION_NUM >= 150000
	return pg_analyze_and_rewrite_fixedparams(statement, text, types, n, NULL);
#else
	return pg_analyze_and_rewrite(statement, text, types, n, NULL);
#endif
}

/*
 * Run a query to its end; ExecutorRun has one argument less since 18.
 */
static inline void
mm_executor_run(QueryDesc *query)
{
#if PG_VERSION_NUM >= 180000
	ExecutorRun(query, ForwardScanDirection, 0);
#else
	ExecutorRun(query, ForwardScanDirection, 0, true);
#endif
}

/*
 * Raise an error if the user may not run a plan.  Since 16 that is known apart
 * from the range table.
 */
static inline void
mm_check_permissions(PlannedStmt *stmt)
{
#if PG_VERSION_NUM >= 160000
	ExecCheckPermissions(stmt->rtable, stmt->permInfos, true);
#else
	ExecCheckRTPerms(stmt->rtable, true);
#endif
}

/*
 * As whom a relation is to be read, InvalidOid for the current user: in the range
 * table until 15, then apart from it.
 */
static inline Oid
mm_check_as_user(EState *estate, Index relid)
{
#if PG_VERSION_NUM >= 160000
	RTEPermissionInfo *info = getRTEPermissionInfo(estate->es_rteperminfos,
												   exec_rt_fetch(relid, estate));

	return info->checkAsUser;
#else
	return exec_rt_fetch(relid, estate)->checkAsUser;
#endif
}

/*
 * Does the user own a relation?
 */
static inline bool
mm_owns_relation(Oid relation)
{
#if PG_VERSION_NUM >= 160000
	return object_ownercheck(RelationRelationId, relation, GetUserId());
#else
	return pg_class_ownercheck(relation, GetUserId());
#endif
}

/* The subplans that are left by pruning at run time, with values of parameters. */
#if PG_VERSION_NUM >= 180000
#define MM_FIND_MATCHING_SUBPLANS(state)	ExecFindMatchingSubPlans(state, false, NULL)
#elif PG_VERSION_NUM >= 150000
#define MM_FIND_MATCHING_SUBPLANS(state)	ExecFindMatchingSubPlans(state, false)
#else
#define MM_FIND_MATCHING_SUBPLANS(state)	ExecFindMatchingSubPlans(state)
#endif

/*
 * What the user may do with a foreign server.
 */
static inline AclResult
mm_server_aclcheck(Oid server, Oid user, AclMode mode)
{
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(ForeignServerRelationId, server, user, mode);
#else
	return pg_foreign_server_aclcheck(server, user, mode);
#endif
}

/*
 * Have a function called that asks for shared memory, while shared_preload_libraries
 * is processed.  Since 15 there is a hook for it; before, it is called at once.
 */
#if PG_VERSION_NUM >= 150000
#define mm_when_shmem_is_requested(request, previous) \
	(*(previous) = shmem_request_hook, shmem_request_hook = (request))
#else
typedef void (*shmem_request_hook_type) (void);
#define mm_when_shmem_is_requested(request, previous) \
	(*(previous) = NULL, (request) ())
#endif

/*
 * A piece of shared memory by its name, which the first to ask for it makes; NULL
 * where there is no such thing, which came with 17.
 */
static inline void *
mm_named_segment(const char *name, Size size, void (*make) (void *))
{
#if PG_VERSION_NUM >= 170000
	bool		found;

	return GetNamedDSMSegment(name, size, make, &found);
#else
	return NULL;
#endif
}

/* The executor's run had a fourth argument until 17. */
#if PG_VERSION_NUM >= 180000
#define MM_EXECUTOR_RUN_ARGS	QueryDesc *queryDesc, ScanDirection direction, uint64 count
#define MM_EXECUTOR_RUN_CALL	queryDesc, direction, count
#else
#define MM_EXECUTOR_RUN_ARGS \
	QueryDesc *queryDesc, ScanDirection direction, uint64 count, bool execute_once
#define MM_EXECUTOR_RUN_CALL	queryDesc, direction, count, execute_once
#endif

/* The index of a primary key that is not deferrable; since 18 one asks for that. */
#if PG_VERSION_NUM >= 180000
#define MM_PRIMARY_KEY_INDEX(relation)	RelationGetPrimaryKeyIndex(relation, false)
#else
#define MM_PRIMARY_KEY_INDEX(relation)	RelationGetPrimaryKeyIndex(relation)
#endif

/*
 * Blocks of a relation that are read in their order.  Since 17 a stream reads
 * several at a time, and ahead; before, that is left to the operating system.
 *
 * mm_blocks_begin: begin to read the blocks from first up to, but not with, end.
 * blocks must stay where it is.
 *
 * mm_blocks_next: the next block, pinned, which the caller releases.  It is called end
 * - first times.
 *
 * mm_blocks_end: all have been read.  After an error, nothing is left to be done.
 */
typedef struct MMBlocks
{
	Relation	relation;
	BlockNumber next;
	BlockNumber end;
	BufferAccessStrategy strategy;
#if PG_VERSION_NUM >= 170000
	ReadStream *stream;
#endif
} MMBlocks;

#if PG_VERSION_NUM >= 170000

#if PG_VERSION_NUM >= 180000
#define MM_BLOCKS_FLAGS	(READ_STREAM_MAINTENANCE | READ_STREAM_FULL | READ_STREAM_USE_BATCHING)
#else
#define MM_BLOCKS_FLAGS	(READ_STREAM_MAINTENANCE | READ_STREAM_FULL)
#endif

static inline BlockNumber
mm_blocks_number(ReadStream *stream, void *state, void *per_buffer)
{
	MMBlocks   *blocks = state;

	return blocks->next < blocks->end ? blocks->next++ : InvalidBlockNumber;
}

static inline void
mm_blocks_begin(MMBlocks *blocks, Relation relation, BlockNumber first, BlockNumber end,
				BufferAccessStrategy strategy)
{
	*blocks = (MMBlocks) {relation, first, end, strategy, NULL};
	blocks->stream = read_stream_begin_relation(MM_BLOCKS_FLAGS, strategy, relation, MAIN_FORKNUM,
												mm_blocks_number, blocks, 0);
}

static inline Buffer
mm_blocks_next(MMBlocks *blocks)
{
	return read_stream_next_buffer(blocks->stream, NULL);
}

static inline void
mm_blocks_end(MMBlocks *blocks)
{
	read_stream_end(blocks->stream);
}

#else

static inline void
mm_blocks_begin(MMBlocks *blocks, Relation relation, BlockNumber first, BlockNumber end,
				BufferAccessStrategy strategy)
{
	*blocks = (MMBlocks) {relation, first, end, strategy};
}

static inline Buffer
mm_blocks_next(MMBlocks *blocks)
{
	return ReadBufferExtended(blocks->relation, MAIN_FORKNUM, blocks->next++, RBM_NORMAL,
							  blocks->strategy);
}

static inline void
mm_blocks_end(MMBlocks *blocks)
{
}

#endif

/*
 * Is the form of generic WAL's records known, so that src/index/change.c may
 * write them itself?  For a newer version, look at applyPageRedo and
 * GenericXLogFinish in generic_xlog.c first.
 */
#define MM_KNOWS_GENERIC_WAL	(PG_VERSION_NUM < 190000)

#endif							/* MMDB_COMPAT_H */

/*-------------------------------------------------------------------------
 *
 * fanout_lists.c
 *	  The planner's decisions about a fan-out, as lists.
 *
 * What the executor evaluates is in custom_exprs, where the planner completes it.
 * What is only written out for servers, or only looked at, is in custom_private: the
 * planner must not replace its columns by those of the scan's rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fanout/fanout.h"

/*
 * A plan of sums as one list, and back.
 */
static List *
pack_sums(const MMScanPlan *plan)
{
	List	   *exprs;
	List	   *numbers;

	if (plan == NULL)
		return NIL;
	mm_plan_pack(plan, &exprs, &numbers);
	return list_make2(exprs, numbers);
}

static MMScanPlan *
unpack_sums(List *list)
{
	return list == NIL ? NULL : mm_plan_unpack(linitial(list), lsecond(list));
}

void
mm_fanout_pack(const MMFanoutPlan *plan, List **exprs, List **private)
{
	*exprs = list_make3(plan->values, plan->limit, plan->offset);
	*private = list_make5(list_make5_int(plan->descending, plan->nulls_first, plan->limited,
										 plan->within, (int) plan->relid),
						  list_make2(plan->key, plan->conditions),
						  plan->partitions, list_make2(plan->columns, plan->plain),
						  list_make2(pack_sums(plan->sums), pack_sums(plan->recorded)));
}

MMFanoutPlan *
mm_fanout_unpack(List *exprs, List *private)
{
	MMFanoutPlan *plan = palloc0(sizeof(MMFanoutPlan));
	List	   *flags = linitial(private);
	List	   *shipped = lsecond(private);
	List	   *columns = lfourth(private);
	List	   *sums = list_nth(private, 4);

	plan->values = linitial(exprs);
	plan->limit = lsecond(exprs);
	plan->offset = lthird(exprs);
	plan->descending = linitial_int(flags);
	plan->nulls_first = lsecond_int(flags);
	plan->limited = lthird_int(flags);
	plan->within = lfourth_int(flags);
	plan->relid = list_nth_int(flags, 4);
	plan->key = linitial(shipped);
	plan->conditions = lsecond(shipped);
	plan->partitions = lthird(private);
	plan->columns = linitial(columns);
	plan->plain = lsecond(columns);
	plan->sums = unpack_sums(linitial(sums));
	plan->recorded = unpack_sums(lsecond(sums));
	return plan;
}

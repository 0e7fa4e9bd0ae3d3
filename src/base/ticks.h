/*-------------------------------------------------------------------------
 *
 * ticks.h
 *	  A clock for what is done in many short steps.
 *
 * The system's clock takes from 20 to 200 ns to look at, depending on the machine,
 * which is too much for each row of a scan.  So it is looked at when the first step
 * begins, and at the end.  Which part of that time the steps took is told by a
 * counter of the processor, whose unit need not be known.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_TICKS_H
#define MM_TICKS_H

#include "portability/instr_time.h"

/*
 * A number that grows steadily with time.
 */
static inline uint64
mm_ticks(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__) && defined(__GNUC__)
	uint64		ticks;

	__asm__ __volatile__("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
#else
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	return INSTR_TIME_GET_MICROSEC(now);
#endif
}

/*
 * The first steps are all measured, and then one in MM_MEASURED_STEPS, which counts
 * for as many.
 */
#define MM_FIRST_STEPS		64
#define MM_MEASURED_STEPS	16

typedef struct MMStepClock
{
	uint64		nsteps;
	instr_time	began;			/* the first step */
	uint64		first;			/* ticks then */
	uint64		step;			/* when the step under way began */
	uint64		ticks;			/* of all steps */
} MMStepClock;

/*
 * mm_clock_begin_step, mm_clock_end_step: called around each step.  A clock of zeros
 * has had no step.
 *
 * mm_clock_milliseconds: the time that all steps have taken until now.
 */
static inline bool
mm_clock_measures(const MMStepClock *clock)
{
	return clock->nsteps < MM_FIRST_STEPS || clock->nsteps % MM_MEASURED_STEPS == 0;
}

static inline void
mm_clock_begin_step(MMStepClock *clock)
{
	if (!mm_clock_measures(clock))
		return;
	clock->step = mm_ticks();
	if (clock->nsteps == 0)
	{
		clock->first = clock->step;
		INSTR_TIME_SET_CURRENT(clock->began);
	}
}

static inline void
mm_clock_end_step(MMStepClock *clock)
{
	if (mm_clock_measures(clock))
		clock->ticks += (mm_ticks() - clock->step) *
			(clock->nsteps < MM_FIRST_STEPS ? 1 : MM_MEASURED_STEPS);
	clock->nsteps++;
}

static inline double
mm_clock_milliseconds(const MMStepClock *clock)
{
	instr_time	now;
	double		passed;

	if (clock->nsteps == 0)
		return 0.0;
	INSTR_TIME_SET_CURRENT(now);
	passed = (double) (mm_ticks() - clock->first);
	INSTR_TIME_SUBTRACT(now, clock->began);
	return INSTR_TIME_GET_MILLISEC(now) * (passed > clock->ticks ? clock->ticks / passed : 1.0);
}

#endif							/* MM_TICKS_H */

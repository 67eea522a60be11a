// The nasty cases under a tolerance for one list of methods: define Methods, then include this once in a program.
#include "edge_cases/adaptive_laws.hpp"

#define LAW(title, function)                                \
  TEMPLATE_LIST_TEST_CASE(title, "[edge_cases]", Methods) { \
    INFO(antistrophe::battery::Facts<TestType>::name);      \
    antistrophe::edge_cases::function<TestType>();          \
  }

LAW("1. NaN and infinity are refused by name, before the field is called", adaptive_refuses_what_is_not_finite)
LAW("2. NaN from the field is never accepted", adaptive_never_accepts_a_nan)
LAW("2. A vjp that returns NaN has no gradient", adaptive_reports_a_vjp_that_is_not_finite)
LAW("3. Where t0 == t1 the solution is y0", adaptive_stays_where_there_is_no_time)
LAW("4. Towards smaller times it is the mirror image", adaptive_goes_back_as_the_mirror_goes_forth)
LAW("6, 8. Duplicate save times have an entry each, and their cotangents add", adaptive_saves_duplicates_once_each)
LAW("7. One save time amid the solve has its gradient", adaptive_one_save_time_has_its_gradient)
LAW("9. A state of size 0 gives an empty result", adaptive_with_a_state_of_size_0)
LAW("10. What rests stays at rest, with its gradient", adaptive_rests)
LAW("13. No call is outside the interval", adaptive_keeps_to_its_times)
LAW("15. No more than max_steps are tried, and there is no gradient of that", adaptive_takes_no_more_than_max_steps)
LAW("17. A throw from any call goes through, and all can be used again", adaptive_lets_every_throw_through)
LAW("18. A field that is not a pure function is caught in exact arithmetic", adaptive_catches_an_impure_field)
LAW("23. float states over a long time keep their last save", adaptive_keeps_the_last_save_of_float_states)
LAW("25. From a long way an exact pair comes back, and a floating one tells its drift", adaptive_comes_back_from_afar)

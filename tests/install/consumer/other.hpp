#pragma once

int version_in_the_other_file();
bool halves_in_the_other_file();
bool bounces_in_the_other_file();

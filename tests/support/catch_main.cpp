#include "catch_session.hpp"

int main(int argc, char** argv) {
    return morphogen::test::run_catch_session(argc, argv, false);
}

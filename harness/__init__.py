"""What tests and benches both need: servers, people on them, load, and programs beside Python."""

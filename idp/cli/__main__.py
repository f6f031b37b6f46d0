from idp.cli.main import main

raise SystemExit(main())
